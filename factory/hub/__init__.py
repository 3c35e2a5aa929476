"""The only code that writes to or reads from a Hub; it speaks huggingface_hub alone."""
