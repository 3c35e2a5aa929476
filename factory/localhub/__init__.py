"""The embedded Hub: one process, one directory, on which unmodified Hugging Face clients push, pull and pin by name.

It imports neither the rest of the factory nor `huggingface_hub`: what it knows of them is the wire protocol.
"""
