"""The tables of the ledger, and what is written to and read from them."""

from __future__ import annotations

SCHEMA_VERSION = 1
COMPLETE = ("answered", "cut off", "filtered", "refused")  # paid for: served again, never asked again
SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    key TEXT NOT NULL, recipe TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT, request TEXT NOT NULL, reply TEXT,
    outcome TEXT NOT NULL, model TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL, dollars REAL NOT NULL, seconds REAL NOT NULL, attempts INTEGER NOT NULL,
    "when" TEXT NOT NULL, PRIMARY KEY (key, recipe)
);
CREATE INDEX IF NOT EXISTS spent ON calls (recipe, attempts, input_tokens, output_tokens, dollars);
CREATE INDEX IF NOT EXISTS subjects ON calls (subject) WHERE subject IS NOT NULL;
CREATE TABLE IF NOT EXISTS served (recipe TEXT PRIMARY KEY, answers INTEGER NOT NULL) WITHOUT ROWID;
"""
BOOK = """
INSERT INTO calls VALUES (:key, :recipe, :kind, :subject, :request, NULL, 'sent', :model, :input_tokens,
    :output_tokens, 0, :dollars, 0, :calls, :when)
ON CONFLICT (key, recipe) DO UPDATE SET request = excluded.request, outcome = 'sent',
    estimated = estimated OR outcome = 'sent',
    input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
    dollars = dollars + excluded.dollars, attempts = attempts + excluded.attempts, "when" = excluded."when"
"""
SETTLE = """
UPDATE calls SET reply = :reply, outcome = :outcome, model = coalesce(:answered_by, model),
    estimated = max(estimated, :estimated), seconds = :seconds, input_tokens = input_tokens + :input_tokens,
    output_tokens = output_tokens + :output_tokens, dollars = dollars + :dollars, attempts = attempts + :calls,
    "when" = :when
WHERE key = :key AND recipe = :recipe
"""
FIND = f"SELECT key, reply FROM calls WHERE key IN ({{}}) AND recipe IS NOT ? AND outcome IN {COMPLETE}"
UNTOLD = f"""
SELECT request, reply, input_tokens + output_tokens FROM calls
WHERE estimated AND outcome IN {COMPLETE} AND (recipe = :recipe OR :recipe IS NULL)
"""
SPENT = "sum(attempts), sum(input_tokens), sum(output_tokens), sum(dollars)"
SPENT_ON = f"SELECT {SPENT} FROM calls WHERE key IN ({{}}) AND recipe = ?"
KEPT = f"SELECT count(*) FROM calls WHERE recipe = ? AND outcome IN {COMPLETE}"
SUMS = "sum(attempts), sum(max(attempts - 1, 0)), sum(estimated), sum(input_tokens), sum(output_tokens), sum(dollars)"
BY_RECIPE = f"SELECT recipe, model, {SUMS} FROM calls {{}} GROUP BY recipe, model ORDER BY recipe, model"
