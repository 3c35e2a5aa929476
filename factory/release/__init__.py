"""The folders that the Hub will hold, byte for byte."""
