"""Four faults of the pinned engine, mended inside its process; each has a test that tells when upstream has.

Three things are no faults: our buckets refuse plain HTTP, so the loopback has to pass for TLS; a worker
should not unpack what another has unpacked; and a save that is cut off must be undone at the next start.
"""

import os
import queue
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import local
from types import ModuleType
from typing import Any

from infra.local.mend_layers import share_layers
from infra.local.mend_signin import SignIn
from infra.local.whole_save import save_whole

PINNED = "1.5.33"
WORKER = "_PYTHON_WORKER_SCRIPT"


class EngineChanged(RuntimeError):
    """The engine is not the one these mends were written for."""


def apply() -> None:
    """Mend the engine before it starts, or raise EngineChanged."""
    check_version(version("ministack"))
    mend_error_types()
    mend_log_wait()
    mend_groups_claim()
    SignIn().mend()
    let_loopback_pass_for_tls()
    share_layers()
    save_whole_or_not_at_all()


def check_version(found: str) -> None:
    """Refuse an engine that these mends were not tried on."""
    if found != PINNED:
        message = f"the mends are for ministack {PINNED}, this is {found}"
        raise EngineChanged(message)


def _service(name: str) -> ModuleType:
    return import_module(f"ministack.services.{name}")


def _wrap(owner: object, name: str, make: Callable[[Any], Any]) -> None:
    setattr(owner, name, make(getattr(owner, name)))


def _rewrite_worker(old: str, new: str) -> None:
    runtime = import_module("ministack.core.lambda_runtime")
    if getattr(runtime, WORKER).count(old) != 1:
        message = f"the engine's worker no longer contains {old!r} once"
        raise EngineChanged(message)
    _wrap(runtime, WORKER, lambda script: script.replace(old, new))


def mend_error_types() -> None:
    """Report an unhandled exception under its own class name, as Lambda does."""
    runtime, lambdas, seen = import_module("ministack.core.lambda_runtime"), _service("lambda_svc"), local()
    _rewrite_worker('"error": str(e), "trace"', '"error": str(e), "type": type(e).__name__, "trace"')

    def remember(invoke: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def invoked(*args: object, **kwargs: object) -> dict[str, Any]:
            answer = invoke(*args, **kwargs)
            seen.type = answer.get("type")
            return answer

        return invoked

    def name_it(execute: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def executed(*args: object, **kwargs: object) -> dict[str, Any]:
            seen.type = None
            answer = execute(*args, **kwargs)
            if answer.get("error") and seen.type:
                answer["body"]["errorType"] = seen.type
            return answer

        return executed

    _wrap(runtime.Worker, "invoke", remember)
    _wrap(lambdas, "_execute_function_warm", name_it)


END_OF_LOG = "\x1eend-of-invocation"


def mend_log_wait() -> None:
    """Let the worker say when its log is complete, so that silence costs nothing."""
    mark = f"sys.stderr.write({END_OF_LOG + chr(10)!r}); sys.stderr.flush()"
    done = "        _real_stdout.flush()\n\nrun()"
    _rewrite_worker(done, f"        {mark}\n{done}")

    def until_mark(_original: object) -> Callable[..., str]:
        def drain(self: Any, *_args: object, **_kwargs: object) -> str:
            lines: list[str] = []
            deadline = time.monotonic() + 0.25
            while (left := deadline - time.monotonic()) > 0:
                try:
                    line = self._stderr_queue.get(timeout=left)
                except queue.Empty:
                    break
                text, mark, _rest = line.partition(END_OF_LOG)
                if text or not mark:
                    lines.append(text)
                if mark:
                    break
            return "\n".join(lines)

        return drain

    _wrap(import_module("ministack.core.lambda_runtime").Worker, "_drain_stderr_bounded", until_mark)


def mend_groups_claim() -> None:
    """Hand a list of groups to a REST integration as `a,b`."""

    def joined(render: Callable[[Any], dict[str, str]]) -> Callable[[Mapping[str, object]], dict[str, str]]:
        def rendered(claims: Mapping[str, object]) -> dict[str, str]:
            lists = {k: ",".join(map(str, v)) for k, v in (claims or {}).items() if isinstance(v, list)}
            return render(claims) | lists

        return rendered

    _wrap(_service("apigateway_v1"), "_stringify_claims", joined)


def let_loopback_pass_for_tls() -> None:
    """Make `aws:SecureTransport` true: the engine listens on 127.0.0.1 only."""

    def secure(pin: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
        def pinned(source: str, _secure: bool) -> None:  # noqa: FBT001 the engine calls it so
            pin(source, True)  # noqa: FBT003

        return pinned

    _wrap(import_module("ministack.app"), "pin_request_origin", secure)


def save_whole_or_not_at_all() -> None:
    """Let the next start undo a save that was cut off."""
    folder = Path(os.environ["STATE_DIR"])

    def whole(save: Callable[[object], None]) -> Callable[[object], None]:
        return lambda services: save_whole(folder, lambda: save(services))

    _wrap(import_module("ministack.app"), "save_all", whole)
