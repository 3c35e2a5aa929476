"""Compare students that were trained already: scores, costs, what the numbers say, pictures."""
