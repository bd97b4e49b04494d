"""Named steps against one broker: prints a line a step, exits 1 if any failed."""

import sys
import time
import traceback
import uuid


class Steps:
    """Runs the steps of one client and counts them."""

    def __init__(self, client):
        self.prefix = f"{client}-{uuid.uuid4().hex[:8]}"
        self.passed = 0
        self.failed = 0

    def run(self, name, body):
        start = time.monotonic()
        try:
            body()
        except Exception as error:
            self.failed += 1
            print(f"FAIL  {name}: {error!r}\n{traceback.format_exc()}", flush=True)
        else:
            self.passed += 1
            print(f"ok    {name} ({(time.monotonic() - start) * 1000:.0f} ms)", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(0 if self.failed == 0 and self.passed else 1)


def expect(actual, expected):
    """Fails the step unless both are equal."""
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")
