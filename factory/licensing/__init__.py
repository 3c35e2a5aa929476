"""What the licences of base models, rows and teachers ask of a release that is made from them."""
