"""What datasets' tests/test_upstream_hub.py takes from its utils: which tests run, and nothing excused."""

import importlib.util

import pytest


def for_all_test_methods(*decorators):
    def decorate(cls):
        return cls

    return decorate


def xfail_if_500_502_http_error(test):
    return test


def require_pil(test):
    return _require("PIL", test)


def require_torchcodec(test):
    return _require("torchcodec", test)


def _require(module, test):
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"needs {module}")(test)
