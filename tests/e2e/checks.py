"""One line a check, and how a scenario is played: what all scenarios share."""

import contextlib
import pathlib
import shutil
import tempfile
import time
import traceback


class Checks:
    """Prints one line a check, and counts those that failed."""

    def __init__(self, client):
        self.client, self.failed, self.passed = client, 0, 0

    def __call__(self, passed, what, *details):
        self.failed += not passed
        self.passed += bool(passed)
        print(f"{'ok  ' if passed else 'FAIL'} {self.client}  {what}", flush=True)
        if not passed:
            for detail in details:
                print(f"       {detail}", flush=True)
        return passed


def perform(scenario, client_name, remit_program):
    """Plays a scenario with one client. Whether all of it passed; what was written meanwhile is kept where it did not."""
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"remit-e2e-{client_name}-"))
    checks = Checks(client_name)
    began = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            scenario(client_name, remit_program, work, checks, stack).play()
    except Exception:
        checks(False, "the scenario runs to its end", traceback.format_exc())
    took = f"{time.monotonic() - began:.1f} s"
    verdict = "FAIL" if checks.failed else "ok  "
    print(f"{verdict} {client_name}  {checks.passed} checks passed, {checks.failed} failed, {took}", flush=True)
    if checks.failed:
        print(f"       logs and data: {work}", flush=True)
        for log in ("remit.log", "client.log"):
            with contextlib.suppress(OSError):
                lines = (work / log).read_text().splitlines()[-25:]
                print(*(f"       {log}: {line}" for line in lines), sep="\n", flush=True)
    else:
        shutil.rmtree(work)
    return not checks.failed
