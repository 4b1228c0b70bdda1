"""What is known from measured tasks: the knowledge base that ships, and your own."""

import functools
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from importlib.resources import files
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from autonomaly._utils._atomic import atomic_path
from autonomaly._utils._json import json_safe
from autonomaly._utils._typing import FloatArray, PathLike
from autonomaly._utils._words import unknown_name_message
from autonomaly.detectors import catalogue
from autonomaly.exceptions import DataError
from autonomaly.profiling import DataProfile
from autonomaly.selection._metafeatures import (
    MetaFeatures,
    MetaFeaturesExtractor,
    as_meta_features,
)
from autonomaly.selection._pool import POOL, PoolMember

__all__ = ["KnowledgeBase", "MeasuredAlgorithm"]

SCHEMA = 1
METRICS = ("auroc", "average_precision", "seconds")

_Share = Annotated[float, Field(ge=0, le=1)]
_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class MeasuredAlgorithm(_Record):
    """A detector as it was measured: on a view, with hyperparameters, trimmed or not.

    Parameters
    ----------
    name : str
        Name in the knowledge base; ``"name@share"`` where the reference was trimmed.
    detector : str
        Name in the catalogue of detectors.
    view : str
        The picture of the data it was given.
    parameters : dict, default={}
        Hyperparameters that differ from the detector's defaults.
    trimmed : float in [0, 1), default=0.0
        Share of the most suspicious rows that had left the reference.

    Examples
    --------
    >>> from autonomaly.selection import MeasuredAlgorithm
    >>> MeasuredAlgorithm(name="knn5@0.3", detector="knn", view="squashed",
    ...                   parameters={"n_neighbors": 5}, trimmed=0.3).trimmed
    0.3
    """

    name: Annotated[str, Field(min_length=1)]
    detector: Annotated[str, Field(min_length=1)]
    view: Annotated[str, Field(min_length=1)]
    parameters: dict[str, bool | int | _Finite | str | None] = {}
    trimmed: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @functools.cached_property
    def identity(self) -> tuple[str, str, str, float]:
        """What makes two algorithms the same, whatever their names."""
        parameters = json.dumps(self.parameters, sort_keys=True)
        return self.detector, self.view, parameters, self.trimmed


class _Task(_Record):
    """A data set and what every algorithm did on it."""

    name: Annotated[str, Field(min_length=1)]
    family: Annotated[str, Field(min_length=1)]
    kind: Literal["real", "generated"]
    anomaly: str | None = None
    n_samples: Annotated[int, Field(ge=1)]
    n_features: Annotated[int, Field(ge=1)]
    contamination: _Share | None = None
    meta: list[_Finite]
    auroc: list[_Share | None]
    average_precision: list[_Share | None]
    seconds: list[_Seconds | None]


class _Document(_Record):
    """The file."""

    version: Literal[1] = Field(alias="schema")
    provenance: dict[Any, Any] = {}
    meta_features: list[str]
    algorithms: list[MeasuredAlgorithm]
    tasks: list[_Task]

    @model_validator(mode="after")
    def _fits_together(self):
        for what in ("algorithms", "tasks"):
            names = [item.name for item in getattr(self, what)]
            if len(set(names)) < len(names):
                twice = sorted({name for name in names if names.count(name) > 1})
                raise ValueError(f"{what} named twice: {', '.join(twice[:5])}")
        for task in self.tasks:
            for what, length in (
                ("meta", len(self.meta_features)),
                *((metric, len(self.algorithms)) for metric in METRICS),
            ):
                found = len(getattr(task, what))
                if found != length:
                    raise ValueError(
                        f"task {task.name!r} has {found} values of {what}, expected "
                        f"{length}"
                    )
        return self


class KnowledgeBase:
    """Measured performance of algorithms on tasks, with their meta-features.

    Made by :meth:`load`; the file that ships is written by
    ``benchmarks/build_knowledge.py``. Your own measurements are kept in a file of
    yours, see :meth:`record`, and merged.

    Parameters
    ----------
    documents : list of dict
        Contents of knowledge files; the first wins where the same was measured twice.

    Attributes
    ----------
    provenance : list of dict
        Where the documents come from.
    meta_features : list of str
        Names of the meta-features.
    algorithms : list of MeasuredAlgorithm
        What was measured.
    tasks : list of str
        Names of the tasks.
    families : ndarray of shape (n_tasks,)
        Tasks of one family are not independent of each other.
    kinds : ndarray of shape (n_tasks,)
        ``"real"`` or ``"generated"``.
    sizes : ndarray of shape (n_tasks, 2)
        Rows and columns.
    meta : ndarray of shape (n_tasks, n_meta_features)
        Meta-features of the tasks.
    auroc, average_precision, seconds : ndarray of shape (n_tasks, n_algorithms)
        What came out, NaN where it was not measured. The seconds of the base that ships
        come from one, busy machine: good for order, not as wall time.

    Raises
    ------
    DataError
        If a document is not a knowledge base of this version.

    Examples
    --------
    >>> from autonomaly.selection import KnowledgeBase, MetaFeaturesExtractor
    >>> base = KnowledgeBase([{"schema": 1, "algorithms": [], "tasks": [],
    ...                        "meta_features": MetaFeaturesExtractor.feature_names()}])
    >>> base
    KnowledgeBase(0 tasks, 0 algorithms)
    """

    # set by their names
    auroc: FloatArray
    average_precision: FloatArray
    seconds: FloatArray

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        checked = [_check(item, f"document {i}") for i, item in enumerate(documents)]
        self._own: dict[str, _Document] = {}  # by path
        self._given = checked
        self._merge()

    @classmethod
    def load(cls, path: PathLike | None = None, *, shipped: bool = True) -> Self:
        """Read the knowledge base that ships, and a file of your own.

        Parameters
        ----------
        path : path-like, default=None
            A file written by :meth:`record`; it need not be there yet.
        shipped : bool, default=True
            Whether what ships with the package is read.

        Returns
        -------
        KnowledgeBase
            Both, merged; your own measurements win.

        Raises
        ------
        DataError
            If a file cannot be read as a knowledge base of this version.
        """
        base = cls([])
        if shipped:
            base._given = [_shipped()]
        if path is not None and Path(path).exists():
            base._own[_key(path)] = _read(path)
        base._merge()
        return base

    def record(
        self,
        meta: MetaFeatures | DataProfile,
        algorithm: str | PoolMember | MeasuredAlgorithm,
        metrics: Mapping[str, float],
        *,
        path: PathLike,
        task: str | None = None,
        family: str | None = None,
    ) -> Self:
        """Add a measurement of yours to this base and to your file.

        The file is read again first and replaced in one step: it is whole at any time.

        Parameters
        ----------
        meta : MetaFeatures or DataProfile
            What the data is; the profile must keep rows, as it does by default.
        algorithm : str, PoolMember or MeasuredAlgorithm
            A name of :attr:`algorithms`, of the pool or of the catalogue, or all of
            it.
        metrics : mapping of str to float
            ``"auroc"`` and ``"average_precision"`` in [0, 1], measured with labels,
            and ``"seconds"``; at least one of the first two.
        path : path-like
            Your file; made if it is not there.
        task : str, default=None
            Name of the data set; by default a name that the same data has again.
        family : str, default=None
            Name of what related data sets have in common; the task by default.

        Returns
        -------
        KnowledgeBase
            This base.

        Raises
        ------
        ValueError
            If the algorithm, a metric or a name cannot be used.
        OSError
            If the file cannot be written; the base stays as it was.
        """
        for what, given in (("task", task), ("family", family)):
            if given is not None and not (isinstance(given, str) and given):
                raise ValueError(
                    f"{what} must be a non-empty string or None, got {given!r}."
                )
        meta = as_meta_features(meta)
        algorithm = self.resolve(algorithm)
        metrics = _check_metrics(metrics)
        own = _read(path).model_dump(by_alias=True) if Path(path).exists() else _empty()
        task = _fingerprint(meta) if task is None else task
        _add(own, meta, algorithm, metrics, task, task if family is None else family)
        checked = _check(own, path)
        before = self._own
        self._own = {**before, _key(path): checked}
        try:
            self._merge()
            _write(path, own)
        except (DataError, OSError):
            self._own = before
            self._merge()
            raise
        return self

    def without(self, families: Iterable[str]) -> "KnowledgeBase":
        """Return the base without the tasks of some families.

        Parameters
        ----------
        families : iterable of str
            What is left out, for example to see how well the rest predicts it.

        Returns
        -------
        KnowledgeBase
            Another base; this one stays as it is.
        """
        families = set(families)
        rest = KnowledgeBase([])
        rest._given = [
            document.model_copy(
                update={
                    "tasks": [t for t in document.tasks if t.family not in families]
                }
            )
            for document in (*self._own.values(), *self._given)
        ]
        rest._merge()
        return rest

    def resolve(
        self, algorithm: str | PoolMember | MeasuredAlgorithm
    ) -> MeasuredAlgorithm:
        """Look an algorithm up.

        Parameters
        ----------
        algorithm : str, PoolMember or MeasuredAlgorithm
            A name of :attr:`algorithms`, of the pool or of the catalogue, or all of
            it.

        Returns
        -------
        MeasuredAlgorithm
            What is meant.

        Raises
        ------
        ValueError
            If nothing has that name, with near names.
        """
        if isinstance(algorithm, MeasuredAlgorithm):
            return algorithm
        if isinstance(algorithm, PoolMember):
            return measured(algorithm)
        known = {a.name: a for a in self.algorithms}
        pool = {member.name: member for member in POOL}
        specs = catalogue()
        if algorithm in known:
            return known[algorithm]
        if algorithm in pool:
            return measured(pool[algorithm])
        if algorithm in specs:
            return measured(PoolMember(algorithm, algorithm, specs[algorithm].view))
        names = {*known, *pool, *specs}
        raise ValueError(unknown_name_message("algorithm", algorithm, names))

    def _merge(self):
        documents = [*self._own.values(), *self._given]
        self.__dict__.pop("fingerprint", None)
        self.provenance = [document.provenance for document in documents]
        self.meta_features = MetaFeaturesExtractor.feature_names()
        columns = self._merge_algorithms(documents)
        first = {}
        for document in documents:
            for task in document.tasks:
                first.setdefault(task.name, (len(first), task))
        tasks = [task for _, task in first.values()]
        self.tasks = list(first)
        self.families = np.array([task.family for task in tasks], dtype=object)
        self.kinds = np.array([task.kind for task in tasks], dtype=object)
        self.sizes = np.array(
            [(task.n_samples, task.n_features) for task in tasks], dtype=float
        ).reshape(-1, 2)
        self.meta = np.array([task.meta for task in tasks], dtype=float).reshape(
            len(tasks), len(self.meta_features)
        )
        for metric in METRICS:
            values = np.full((len(tasks), len(self.algorithms)), np.nan)
            for document in documents:
                places = [columns[a.identity] for a in document.algorithms]
                for task in document.tasks:
                    row = values[first[task.name][0]]
                    more = np.array(getattr(task, metric), dtype=float)
                    row[places] = np.where(np.isnan(row[places]), more, row[places])
            setattr(self, metric, values)

    def _merge_algorithms(self, documents):
        columns, names = {}, {}
        self.algorithms = []
        for document in documents[::-1]:  # the names that ship stay
            for algorithm in document.algorithms:
                if algorithm.identity in columns:
                    continue
                if algorithm.name in names:
                    raise DataError(
                        f"Two algorithms are named {algorithm.name!r}: "
                        f"{names[algorithm.name]} and {algorithm.identity}. Give yours "
                        f"a different name."
                    )
                names[algorithm.name] = algorithm.identity
                columns[algorithm.identity] = len(self.algorithms)
                self.algorithms.append(algorithm)
        return columns

    @functools.cached_property
    def fingerprint(self) -> str:
        """A digest of everything that models are trained on."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr([a.identity for a in self.algorithms]).encode())
        names = self.tasks, self.families.tolist(), self.kinds.tolist()
        digest.update(repr(names).encode())
        for values in (
            self.sizes,
            self.meta,
            *(getattr(self, metric) for metric in METRICS),
        ):
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.tasks)

    def __repr__(self) -> str:
        return f"KnowledgeBase({len(self)} tasks, {len(self.algorithms)} algorithms)"


def measured(member, trimmed=0.0):
    """Describe a member of the pool as the knowledge base does.

    Parameters
    ----------
    member : PoolMember
        Detector, view and hyperparameters.
    trimmed : float in [0, 1), default=0.0
        Share of the rows that had left the reference.

    Returns
    -------
    MeasuredAlgorithm
        The same.
    """
    return MeasuredAlgorithm(
        name=member.name + (f"@{trimmed:g}" if trimmed else ""),
        detector=member.detector,
        view=member.view,
        parameters=dict(member.parameters),
        trimmed=trimmed,
    )


def _key(path):
    return os.path.realpath(path)


def _read(path):
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as a knowledge base ({error}). Pass a file "
            f"written by KnowledgeBase.record or benchmarks/build_knowledge.py."
        ) from error
    return _check(document, path)


@functools.cache
def _shipped():
    source = files("autonomaly.selection") / "data" / "knowledge.json"
    if not source.is_file():
        raise DataError(
            f"This installation lacks its knowledge base ({source}). Reinstall the "
            f"package, or use KnowledgeBase.load(path, shipped=False)."
        )
    return _check(json.loads(source.read_text(encoding="utf-8")), source)


def _check(document, where):
    names = MetaFeaturesExtractor.feature_names()
    try:
        checked = _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = " > ".join(str(part) for part in first["loc"]) or "top level"
        raise DataError(
            f"{where} is not a knowledge base of schema {SCHEMA}: at {place}: "
            f"{first['msg']} ({error.error_count()} errors). Write it again with "
            f"benchmarks/build_knowledge.py or KnowledgeBase.record."
        ) from error
    if checked.meta_features != names:
        missing = [name for name in names if name not in checked.meta_features]
        unknown = [name for name in checked.meta_features if name not in names]
        raise DataError(
            f"{where} does not have the meta-features of this version: missing "
            f"{missing}, unknown {unknown}. Build it again with this version."
        )
    return checked


def _check_metrics(metrics):
    if not isinstance(metrics, Mapping) or not {*metrics} & {*METRICS[:2]}:
        raise ValueError(
            f"metrics must be a dict with 'auroc' or 'average_precision', for example "
            f"{{'auroc': 0.9}}, got {metrics!r}."
        )
    out = {}
    for name, value in metrics.items():
        if name not in METRICS:
            raise ValueError(unknown_name_message("metric", name, METRICS))
        high = np.inf if name == "seconds" else 1
        if isinstance(value, Real) and 1 < value <= 1 + 1e-9:
            value = min(value, high)  # scikit-learn's average precision rounds up
        if not isinstance(value, Real) or not 0 <= value <= high or value == np.inf:
            raise ValueError(
                f"{name} must be a number "
                f"{'of seconds of at least 0' if name == 'seconds' else 'in [0, 1]'}, "
                f"got {value!r}."
            )
        out[name] = float(value)
    return out


def _empty():
    return {
        "schema": SCHEMA,
        "provenance": {"script": "KnowledgeBase.record"},
        "meta_features": MetaFeaturesExtractor.feature_names(),
        "algorithms": [],
        "tasks": [],
    }


def _fingerprint(meta):
    digest = hashlib.blake2b(meta.to_array().round(9).tobytes(), digest_size=6)
    return f"own-{digest.hexdigest()}"


def _add(document, meta, algorithm, metrics, name, family):
    """Put one measurement into a document, which changes."""
    algorithms, tasks = document["algorithms"], document["tasks"]
    known = [MeasuredAlgorithm(**item).identity for item in algorithms]
    if algorithm.identity not in known:
        algorithms.append(algorithm.model_dump())
        known.append(algorithm.identity)
        for task in tasks:
            for metric in METRICS:
                task[metric].append(None)
    place = known.index(algorithm.identity)
    found = [task for task in tasks if task["name"] == name]
    if not found:
        found = [
            {
                "name": name,
                "family": family,
                "kind": "real",
                "n_samples": round(10 ** meta["log_n"]),
                "n_features": round(10 ** meta["log_d"]),
                **{metric: [None] * len(algorithms) for metric in METRICS},
            }
        ]
        tasks.append(found[0])
    found[0]["meta"] = meta.to_array().tolist()
    for metric, value in metrics.items():
        found[0][metric][place] = value


def _write(path, document):
    text = json.dumps(json_safe(document), separators=(",", ":"), allow_nan=False)
    with atomic_path(Path(path)) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
