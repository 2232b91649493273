"""One command being run: its options, and how it speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager

from netkernel.typed import TYPE_CHECKING
from nncp_agent.cli.words import Options, Usage
from nncp_agent.cli.world import World

if TYPE_CHECKING:
    from netkernel.records import Attrs
    from netkernel.transaction import Kernel
    from nncp_agent.cli.progress import Progress
    from nncp_agent.cli.terminal import Style
    from nncp_agent.model import NetworkState
    from nncp_agent.store import Store


class Call:
    """What a verb gets. Results go to stdout, all else to stderr; `-q` leaves errors only, `-v` says more."""

    def __init__(self, world: World, options: Options) -> None:
        self.world = world
        self.options = options
        self.is_changing = False  # the host, so that whoever reports a failure says how it was left
        self.recapture: Callable[[Kernel], NetworkState] | None = None  # of a policy with captures
        self.verbosity: int = 0 if options.quiet else 1 + int(options.verbose)

    def print(self, text: str) -> None:
        """A line of the result."""
        self.world.stdout.write(text + "\n")

    def write(self, value: object, form: str | None) -> None:
        """The result as `json` (indented for a terminal) or YAML."""
        for piece in self.pieces(value, form):
            self.world.stdout.write(piece)

    def pieces(self, value: object, form: str | None) -> Iterator[str]:
        """The text that `write` writes, in parts."""
        if form == "json":
            from nncp_agent.cli import json_text  # late, as all below: a verb pays for what it does

            yield from [json_text.indented(value)] if self.world.stdout.isatty() else json_text.pieces(value)
            yield "\n"
        else:
            from netkernel.documents import yaml_writer

            yield yaml_writer.write(value)

    def style(self) -> Style:
        """How stdout can be painted."""
        from nncp_agent.cli.terminal import style

        return style(self.world.stdout, self.world.environ, self.world.columns())

    def error(self, text: str) -> None:
        self.world.stderr.write(f"error: {text}\n")

    def warn(self, text: str) -> None:
        """What will work and may surprise."""
        if self.verbosity:
            self.world.stderr.write(f"warning: {text}\n")

    def warnings(self, lines: Iterable[object]) -> None:
        for line in lines:
            self.warn(str(line))

    def say(self, text: str) -> None:
        """What one may want to know."""
        if self.verbosity:
            self.world.stderr.write(f"{text}\n")

    def detail(self, text: str) -> None:
        """What one wants to know when something is odd."""
        if self.verbosity > 1:
            self.world.stderr.write(f"{text}\n")

    def stages(self, progress: Progress) -> Callable[[str], None]:
        """Who is told what begins: the terminal's last line and, with -v, the log."""

        def begin(text: str) -> None:
            progress.stage(text)
            self.detail(text)

        return begin

    def kernel(self) -> AbstractContextManager[Kernel]:
        return self.world.open_kernel(self.state_directory())

    def logging(self, progress: Progress | None = None) -> AbstractContextManager[None]:
        """While it lasts, what the engine logs goes to stderr; it makes way for `progress`."""
        from nncp_agent.cli.log import shown

        return shown(self.world.stderr, self.verbosity, progress)

    def logging_more(self) -> AbstractContextManager[None]:
        """As `logging`, for a process that lives long: its log is how people know what it does.

        With --log-format json all that goes to stderr is JSON from then on.
        """
        from nncp_agent.cli.log import shown

        if getattr(self.options, "log_format", "text") == "json":
            from nncp_agent.cli.json_lines import spoken

            self.world = spoken(self.world)

        return shown(self.world.stderr, self.verbosity + 1 if self.verbosity else 0)

    def refusals(self) -> Callable[[str, Attrs], Mapping[str, str]]:
        """Who knows what the kernel would refuse: the kernel, if we may try it out."""
        if not self.world.may_configure:
            from nncp_agent.plan import nothing_refused

            return nothing_refused
        return self.world.refusals

    def claims(self) -> bool:
        """Whether links that other managers hold are taken over: --claim, or $NNCP_CLAIM for who has no such option."""
        from nncp_agent import files

        return bool(getattr(self.options, "claim", False)) or self.world.environ.get(files.CLAIM) == "1"

    def state_directory(self) -> str:
        """That of --state-dir, $NNCP_STATE_DIR, or the usual one."""
        from nncp_agent import files

        return self.options.state_dir or self.world.environ.get(files.VARIABLE) or files.DIRECTORY

    def store(self) -> Store:
        """The state directory and what is in it."""
        from nncp_agent.store import Store

        return Store(self.state_directory())

    def needs_root(self) -> None:
        """Raises Usage, before anything is tried, when the kernel would refuse every change."""
        if not self.world.may_configure:
            command = self.options.verb
            raise Usage(f"nncp {command}: changing the network needs root (CAP_NET_ADMIN): try sudo nncp {command}")
