"""A published model behind HTTP: labels, health, metrics, and an OpenAPI description of them."""
