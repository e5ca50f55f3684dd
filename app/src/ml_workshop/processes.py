"""Work in processes forked from this one, on the data that it holds."""

import contextlib
import ctypes
import functools
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from ml_workshop.errors import MlWorkshopError

Item = TypeVar("Item")
Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent ends."""


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


class Forked(Generic[Result]):
    """A function in a forked process; with a single core, it runs when its result is needed.

    The process is killed with its parent, so that a killed training leaves no processes.
    """

    def __init__(self, function: Callable[..., Result], *arguments: object) -> None:
        """Start.

        Args:
            function: The function; it writes to the same standard output and log.
            arguments: Its arguments; not copied.
        """
        self._work: Callable[[], Result] = functools.partial(function, *arguments)
        self._process: multiprocessing.process.BaseProcess | None = None
        if cores() > 1:
            context = multiprocessing.get_context("fork")
            self._receiver, sender = context.Pipe(duplex=False)
            self._process = context.Process(target=_send_result, args=(self._work, sender, os.getpid()))
            self._process.start()
            sender.close()

    def result(self) -> Result:
        """Wait for the function; return its result or raise its exception.

        Raises:
            MlWorkshopError: The process was killed.
        """
        if self._process is None:
            return self._work()
        try:
            returned, outcome = self._receiver.recv()
        except EOFError:
            self._process.join()
            raise MlWorkshopError(
                f"A process of the training ended with status {self._process.exitcode}, most likely for lack "
                "of memory: give it more, or a smaller data set."
            ) from None
        self._process.join()
        if not returned:
            raise outcome
        result: Result = outcome
        return result

    def __enter__(self) -> "Forked[Result]":
        """Return itself."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Kill the process if it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.join()


def side_by_side(function: Callable[..., Result], shares: Sequence[tuple[Any, ...]]) -> list[Result]:
    """Call a function with each tuple of arguments, the first in this process, the others in forked ones."""
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(Forked(function, *share)) for share in shares[1:]]
        return [function(*shares[0]), *(other.result() for other in others)]


def even_shares(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Cut a sequence into as many parts of equal length as there are cores."""
    bounds = [len(items) * number // cores() for number in range(cores() + 1)]
    return [items[begin:end] for begin, end in itertools.pairwise(bounds)]


def _send_result(work: Callable[[], object], sender: Connection, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    try:
        sender.send((True, work()))
    except Exception as error:
        sender.send((False, error))
