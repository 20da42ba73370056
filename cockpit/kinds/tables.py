"""What the config tables of all kinds share: their keys, their checks, and the set of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import Field, SecretStr, field_validator

from cockpit.kinds.sendings import Sending
from cockpit.kinds.types import Duration, Strict, Text
from cockpit.model import Concern
from cockpit.suggestions import closest_file
from cockpit.system.processes.titles import split_words, words_array
from cockpit.text import drawable

_Table = TypeVar("_Table", bound="ProbeTable")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a table that its model can't see: the key below it, and a way out."""

    path: tuple[str | int, ...]
    problem: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Siblings:
    """The tables of the same file as far as they can be told before they are checked.

    `kinds` maps each probe's name to its kind, in the order of the file.
    """

    folder: Path
    kinds: Mapping[str, str] = field(default_factory=dict)

    def names(self, *kinds: str) -> list[str]:
        """The names of the probes of these kinds; of all without any."""
        return [name for name, kind in self.kinds.items() if not kinds or kind in kinds]


class ProbeTable(Strict):
    """What every probe table may say."""

    kind: ClassVar[str]

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s/][^/\n]*$")] = Field(
        description="what the screen and `--only` call it, unique over all kinds"
    )
    every: Duration = Field(5.0, description="longest time between two runs")
    timeout: Duration = Field(10.0, description="a run that takes longer is UNKNOWN")
    affects: Annotated[Concern, Field(strict=False)] = Field(
        Concern.RUN, description="the roll-up it counts in: is it running, or may it go live"
    )
    runbook: str = Field("", description="what to do, shown in the detail")
    watch: list[Text] = Field(
        default_factory=list, description="further files whose change runs the probe at once"
    )

    @field_validator("name")
    @classmethod
    def _name_as_shown(cls, value: str) -> str:
        if drawable(value) != value or value != value.strip():
            raise ValueError("holds blanks at an end or characters that no screen shows")
        return value

    @classmethod
    def cross_check(cls, table: Mapping[str, Any], siblings: Siblings) -> Iterator[Mistake]:
        """Check an unchecked table against the others of its file and against the disk.

        Values of a wrong type are passed over: the model tells of them.
        """
        return iter(())

    def notes(self, folder: Path) -> Iterator[Mistake]:
        """What is probably not meant so in a table that is right: it stops nothing.

        Looks at the disk; `folder` is where relative paths start. A kind adds its own to these.
        """
        words = {"process": getattr(self, "process", None), **self.commands()}
        for key, given in words.items():
            if isinstance(given, list | tuple) and (apart := split_words(given)):
                several = next(word for word in given if split_words([word]))
                yield Mistake(
                    (key,),
                    f'no argv holds "{several}" as one word',
                    f"one word an item: {words_array(apart)}",
                )

    @classmethod
    def secret_keys(cls) -> list[str]:
        """The keys whose value is a secret, and may stand as `${NAME}` of the environment."""
        return [
            field.alias or name
            for name, field in cls.model_fields.items()
            if _holds_secret(field.annotation)
        ]

    def secrets(self) -> list[str]:
        """The secrets it holds, those inside of its lists and maps too."""
        return [
            value.get_secret_value() for key in self.secret_keys() for value in _secrets(self, key)
        ]

    def commands(self) -> Mapping[str, Sequence[str]]:
        """The argv of each command it may run, by key; they run only after `cockpit trust`."""
        return {}

    def command_folder(self) -> str | None:
        """The folder its commands run in, as written; None is the config's own."""
        return None

    def sendings(self) -> Sequence[Sending]:
        """What its probe sends, and where to; it is asked for as long as that waits for consent.

        A secret key that is not named here may go anywhere, and is asked for as such.
        """
        return ()

    def vouches_for(self) -> Sequence[str]:
        """The names of the probes whose process must be the one that this table's probe keeps."""
        return ()

    def surroundings(self, tables: Tables) -> Sequence[str]:
        """What its probe takes from other tables: when that changes, it is built anew."""
        return ()


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def _secrets(table: ProbeTable, key: str) -> Iterator[SecretStr]:
    fields = type(table).model_fields
    name = next((name for name, field in fields.items() if field.alias == key), key)
    waiting: list[Any] = [getattr(table, name, None)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, SecretStr):
            yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value


class Tables:
    """The probe tables of a config, kinds in board order."""

    def __init__(self, tables: Iterable[ProbeTable] = ()) -> None:
        self._tables = list(tables)

    def probes(self) -> list[ProbeTable]:
        """Every probe table, kinds in board order, each in the order of the file."""
        return list(self._tables)

    def of(self, table: type[_Table]) -> list[_Table]:
        """The tables of one kind, by their model, in the order of the file."""
        return [each for each in self._tables if isinstance(each, table)]

    def vouching_for(self, name: str) -> list[str]:
        """The names of the probes that keep the process of the probe `name` running."""
        return [table.name for table in self._tables if name in table.vouches_for()]

    def of_kind(self, kind: str) -> list[Any]:
        """The tables of one kind, by its name, in the order of the file."""
        return [each for each in self._tables if each.kind == kind]


def resolve(folder: Path, written: str) -> Path:
    """`written` as an absolute path: below `folder` when relative, `~` expanded where it can be."""
    try:
        return folder / Path(written).expanduser()
    except RuntimeError:  # `~name` of nobody: an ordinary file name then
        return folder / written


def file_mistake(key: tuple[str | int, ...], written: object, folder: Path) -> Iterator[Mistake]:
    """What is wrong with a file that must be there now; nothing where the text is none."""
    if not isinstance(written, str) or not written or "\0" in written:
        return
    target = resolve(folder, written)
    if is_there(target, "file"):
        return
    if is_there(target, "dir"):
        yield Mistake(key, f'"{written}" is a folder, a file is wanted')
    elif is_there(target, "any"):
        yield Mistake(key, f'"{written}" is not a regular file')
    elif not is_there(target.parent, "dir"):
        yield Mistake(key, f'there is no file "{written}"', "its folder does not exist either")
    else:
        yield Mistake(key, f'there is no file "{written}"', closest_file(target))


def file_note(key: tuple[str | int, ...], written: str, folder: Path) -> Iterator[Mistake]:
    """What is worth a note of a file that somebody else writes: it may not be there yet."""
    for mistake in file_mistake(key, written, folder):
        if mistake.problem.startswith("there is no file"):
            hint = mistake.hint or "it is not written yet, or the path is wrong"
            mistake = Mistake(key, mistake.problem, hint)
        yield mistake


def is_there(path: Path, what: Literal["file", "dir", "any"]) -> bool:
    """Whether `path` is such a thing; what may not be looked at is not."""
    try:
        return {"dir": path.is_dir, "file": path.is_file, "any": path.exists}[what]()
    except (OSError, ValueError):
        return False
