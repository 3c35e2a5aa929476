"""Small models: trained, compressed, loaded."""
