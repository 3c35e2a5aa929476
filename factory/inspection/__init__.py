"""Look at the rows of a recipe: which there are, which were removed, and which labels are suspicious."""
