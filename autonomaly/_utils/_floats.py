"""What is done where floating-point numbers end."""

from typing import Any

__all__ = ["FLOAT_ERRORS"]

# For numpy.errstate, whatever the application wants elsewhere. Rows too large for
# squares give scores that are not finite, which are dealt with; what is too small for
# a number is as good as 0.
FLOAT_ERRORS: dict[str, Any] = {"all": "ignore"}
