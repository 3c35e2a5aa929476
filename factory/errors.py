"""Everything that can go wrong in a way a user can mend.

FactoryError                     shown as one sentence, without a traceback; exit code 1
  x RecipeError                  the recipe cannot be used; lists every fault with file:line
  x TeacherError                 the teacher could not be asked or did not answer usably
    - BudgetError                the next call could exceed the budget; says what was kept and how to go on
  x DataError                    the rows cannot be read, or none are left
  x TrainingError                the student could not be trained
  x GateError                    a requirement was not met; refusing to publish is a feature
  x HubError                     the Hub refused; names the repository, the permission and the remedy
  x StoreError                   the store cannot be written or read
"""


class FactoryError(Exception):
    """A fault with a remedy: the message is one sentence meant for the user."""


class RecipeError(FactoryError):
    """The recipe cannot be used; the message has one line a fault, each `file:line: path: what, remedy`."""


class TeacherError(FactoryError):
    """The teacher could not be asked, or what it said cannot be used."""


class BudgetError(TeacherError):
    """The next call could exceed the budget; completed answers are kept in the ledger."""


class DataError(FactoryError):
    """Rows that cannot be read, or none that are left."""


class TrainingError(FactoryError):
    """The student could not be trained."""


class GateError(FactoryError):
    """A requirement was not met, so nothing was published."""


class HubError(FactoryError):
    """The Hub refused, or what was pulled cannot be trusted."""


class StoreError(FactoryError):
    """The store cannot be written or read."""
