"""What the command line says: short, readable, plain when piped."""

import datetime
import io
import warnings
from collections import Counter

import numpy as np

from autonomaly._utils._words import count, enumerated, percent
from autonomaly.cli._large import rows_to_show
from autonomaly.exceptions import AutonomalyWarning
from autonomaly.explanation._attribution import (
    MAX_COLUMNS,
    ordinary_rows,
    telling_columns,
)
from autonomaly.io import Chunks

_MAX_VALUE_WIDTH = 40
_N_ODDEST = 10
_MAX_LISTED_COLUMNS = 40
_MIN_NAME_WIDTH = 14
_MAX_GROUPED = 20
# A row with a larger p-value looks like a normal one.
_LIKELY = 0.05


def plain(value, width=_MAX_VALUE_WIDTH, digits=4):
    """Write one value of the data so that it cannot disturb the terminal.

    Parameters
    ----------
    value : object
        Any value.
    width : int, default=40
        At most so many characters.
    digits : int, default=4
        Significant digits of a number that is no integer.

    Returns
    -------
    str
        One line without control characters.
    """
    if _is_missing(value):
        return "missing"
    if isinstance(value, (float, np.floating)):
        text = f"{value + 0.0:.{digits}g}"  # no minus zero
        if "e" in text and 1e-4 <= abs(value) < 1e9:
            text = f"{value:.0f}"
    else:
        text = str(value)
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    return text if len(text) <= width else text[: width - 3] + "..."


def plain_pair(value, other):
    """Write two different values so that they look different.

    Parameters
    ----------
    value, other : object
        Values of one column.

    Returns
    -------
    tuple of str
        Both, as short as that allows.
    """
    for width, digits in [(_MAX_VALUE_WIDTH, 4), (_MAX_VALUE_WIDTH, 8), (200, 17)]:
        texts = plain(value, width, digits), plain(other, width, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _is_missing(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _rough(ratio):
    """Write a share in percent with two digits, 100 % only where it is all."""
    if 0.995 <= ratio < 1:
        return "more than 99 %"
    return f"{min(100, 100 * ratio):.{2 if ratio < 0.995 else 3}g} %"


class Report:
    """Text that is put together first and printed at once.

    Parameters
    ----------
    stream : file object
        Where `print` writes.
    """

    def __init__(self, stream):
        from rich.console import Console

        self._stream = stream
        real = Console(file=stream)
        # Kept back until everything is there: a closed pipe can then only happen
        # in `print`, after all files are written.
        self._buffer = io.StringIO()
        self._console = Console(
            file=self._buffer,
            width=real.width,
            color_system=real.color_system,
            force_terminal=real.is_terminal,
            highlight=False,
            emoji=False,
            markup=False,
            safe_box=True,
        )

    def print(self):
        """Write everything to the stream."""
        # tables are padded with blanks to the width of the terminal
        lines = (line.rstrip() for line in self._buffer.getvalue().splitlines())
        self._stream.write("\n".join(lines).rstrip("\n") + "\n")
        self._stream.flush()

    def data(self, name, profile, n_rows=None, anomalies=None):
        """Say what the data is.

        Parameters
        ----------
        name : str
            Name of the data set.
        profile : DataProfile
            Its profile.
        n_rows : int or None, default=None
            Its rows, if the profile may be of some of them only.
        anomalies : str or None, default=None
            What its anomalies are, if it says so.
        """
        types = profile.types
        n_rows = profile.n_samples if n_rows is None else n_rows
        kinds = {
            "numeric": types.numerical,
            "categorical": types.categorical,
            "date": types.temporal,
            "text": types.text,
            "identifier": types.identifier,
            "constant": types.constant,
        }
        held = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if n)
        quality = profile.quality
        missing = (
            f"{_rough(quality.missing_ratio)} of the values missing"
            if quality.missing_values
            else "nothing missing"
        )
        n_present = profile.n_samples * profile.n_features - quality.missing_values
        unfit = round((1 - quality.consistency_score) * n_present)
        if unfit:
            what = "value that does" if unfit == 1 else "values that do"
            missing += f", {unfit} {what} not fit the column"
        twice = count(quality.duplicates, "duplicate row")
        some = profile.n_samples
        where = f" in the {count(some, 'row')} profiled" if some < n_rows else ""
        self._say(
            "Data",
            f"{name}: {count(n_rows, 'row')}, {count(profile.n_features, 'column')} "
            f"({held}); {missing}, {twice}{where}"
            f"{f'; anomalies: {anomalies}' if anomalies else ''}",
        )

    def labels_among_features(self, names):
        """Warn that the detector was shown what looks like the truth.

        Parameters
        ----------
        names : list of str
            Columns that look like labels.
        """
        for name in names:
            self._say(
                "Note",
                f"column {name!r} has two values and the name of a label, and was used "
                f"as a feature. If it is the truth, add: --truth-column {name}",
            )

    def choices(self, detector):
        """Say which detectors were chosen, and why.

        Parameters
        ----------
        detector : AutonomousDetector
            Fitted.
        """
        chosen = detector.recommendations_
        reasons = [r.reasoning.split("; ") for r in chosen]
        members, finds = Counter(), {}
        for r, (found, *why) in zip(chosen, reasons, strict=True):
            members[r.detector] += 1
            # what is true of all is said by the line above
            own = [part for part in why if not all(part in of for of in reasons)]
            text = "; ".join([found.removeprefix("finds "), *own])
            finds.setdefault(r.detector, text)
        vote = "votes" if len(chosen) == 1 else "vote"
        self._say(
            "Members",
            f"{count(len(chosen), 'detector')} {vote}: {_how_chosen(detector)}",
        )
        lines = [[name, members[name], finds[name]] for name in members]
        self._table(["detector", "members", "finds"], lines, folded="finds")
        if detector.rejected_:
            self._say("Left out", count(len(detector.rejected_), "detector"))
            self._grouped(detector.rejected_)

    def flagged(self, table, detector, name=None):
        """Say how many rows are anomalies, and where the threshold is.

        Parameters
        ----------
        table : pandas.DataFrame
            Scores, see `score_table`.
        detector : AutonomousDetector
            Fitted.
        name : str or None, default=None
            Name of the data, if these are other rows than those of the fit.
        """
        n_flagged = int((table["label"] == -1).sum())
        where = f"{name}: " if name else ""
        if name is None:
            threshold = list(detector.record_.filter("threshold"))
            why = f"; {threshold[-1].reason}" if threshold else ""
        else:  # the reason is about other rows than these
            why = ", the threshold found in training"
        self._say(
            "Flagged",
            f"{where}{n_flagged} of {count(len(table), 'row')} "
            f"({percent(n_flagged / len(table))}): those with a score below "
            f"{detector.offset_:.4g} (low = abnormal){why}",
        )

    def differences(self, table, smallest):
        """Explain why some p-values and labels seem to contradict each other.

        Parameters
        ----------
        table : pandas.DataFrame
            Scores, see `score_table`.
        smallest : float
            The smallest p-value there can be, see `smallest_pvalue`.
        """
        pvalues, flagged = table["p_value"], table["label"] == -1
        n_missed = int((~flagged & (pvalues <= min(smallest, _LIKELY))).sum())
        n_doubtful = int((flagged & (pvalues > _LIKELY)).sum())
        if 2 * n_doubtful > flagged.sum():
            self._say(
                "Note",
                f"{n_doubtful} of the {count(int(flagged.sum()), 'flagged row')} "
                f"{'has' if n_doubtful == 1 else 'have'} a p-value above {_LIKELY:g}: "
                "such scores are not rare among normal rows, and many of these flags "
                "may be false alarms. Use --contamination or "
                "--max-false-discovery-rate to flag fewer rows.",
            )
            return
        seeming = []
        if n_missed:
            be = "is" if n_missed == 1 else "are"
            seeming.append(
                f"{count(n_missed, 'row')} {be} not flagged although no p-value can be "
                "smaller"
            )
        if n_doubtful:
            be, their = ("is", "its") if n_doubtful == 1 else ("are", "their")
            seeming.append(
                f"{count(n_doubtful, 'row')} {be} flagged although {their} p-value is "
                f"above {_LIKELY:g}"
            )
        if seeming:
            self._say(
                "Note",
                f"{enumerated(seeming)}: a p-value says how rare such a score is among "
                "normal rows, the label whether it is below the threshold, which looks "
                "at all scores at once",
            )

    def performance(self, table, truth):
        """Say how well the scores and the labels meet the truth.

        Parameters
        ----------
        table : pandas.DataFrame
            Scores, see `score_table`.
        truth : ndarray of shape (n_samples,)
            -1 for anomalies, 1 for normal rows.
        """
        from sklearn.metrics import (
            average_precision_score,
            precision_recall_fscore_support,
            roc_auc_score,
        )

        anomaly = truth == -1
        if anomaly.all() or not anomaly.any():
            self._say("Truth", "all rows are of one kind; nothing can be measured")
            return
        abnormality = -table["score"].to_numpy()
        precision, recall, f1, _ = precision_recall_fscore_support(
            anomaly, table["label"] == -1, average="binary", zero_division=0.0
        )
        self._say(
            "Truth",
            f"{anomaly.sum()} of {count(len(truth), 'row')} "
            f"({percent(anomaly.mean())}) "
            f"{'is an anomaly' if anomaly.sum() == 1 else 'are anomalies'}. Ranking: "
            f"AUROC {roc_auc_score(anomaly, abnormality):.3f}, "
            f"average precision {average_precision_score(anomaly, abnormality):.3f}. "
            f"Labels: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}",
        )

    def oddest(self, table, data, detector):
        """Show the oddest rows with the values that make them odd.

        Parameters
        ----------
        table : pandas.DataFrame
            Scores, see `score_table`.
        data : ndarray, pandas.DataFrame or Chunks
            The rows.
        detector : AutonomousDetector
            Fitted; one that was saved by the command line knows ordinary rows of its
            training table.
        """
        if isinstance(data, Chunks):
            table, data = rows_to_show(table, data, _N_ODDEST)
        scores = table["score"].to_numpy()
        rows = scores.argsort(kind="stable")[:_N_ODDEST]
        ordinary = detector._ordinary_rows
        if ordinary is None:
            if scores[rows[0]] == scores.max():
                self._say("Oddest", "no row is odder than another")
                return
            ordinary = ordinary_rows(detector, data, scores)
        self._say(
            "Oddest",
            f"{count(len(rows), 'row')}, counted from 0; the values that make them odd "
            "(a typical value in brackets); * = flagged",
        )
        with warnings.catch_warnings():
            # what is to be said of the table was said when it was scored
            warnings.simplefilter("ignore", AutonomalyWarning)
            told = _told(detector, data, rows, ordinary)
        numbers = table["row"].iloc[rows]
        lines = [
            [
                f"{number}{'*' if table['label'].iloc[row] == -1 else ' '}",
                f"{round(table['score'].iloc[row], 3) + 0.0:.3f}",  # no minus zero
                f"{table['p_value'].iloc[row]:.2g}",
                text,
            ]
            for row, number, text in zip(rows, numbers, told, strict=True)
        ]
        heads = ["row", "score", "p-value", "odd values"]
        self._table(heads, lines, folded="odd values", n_right=3)

    def unused(self, dropped):
        """Name the columns that the detector did not look at.

        Parameters
        ----------
        dropped : dict of str to str
            Columns with the reason.
        """
        if dropped:
            self._say("Unused", count(len(dropped), "column"))
            self._grouped({plain(name): why for name, why in dropped.items()})

    def decisions(self, record):
        """Print every decision.

        Parameters
        ----------
        record : DecisionRecord
            Of the fit.
        """
        self._say("Decisions", "")
        self._console.print(str(record), soft_wrap=True)
        self._console.print()

    def written(self, paths):
        """Name the files that were written.

        Parameters
        ----------
        paths : list of Path
            The files.
        """
        for i, path in enumerate(paths):
            # not broken into lines, so that it can be copied
            head = "" if i else "Written"
            self._console.print(f"{head:<11}{path}", soft_wrap=True)

    def columns(self, profile):
        """List the columns of a table with their most telling figures.

        Parameters
        ----------
        profile : DataProfile
            Of the table.
        """
        shown = profile.features[:_MAX_LISTED_COLUMNS]
        figures = {
            "column": lambda column: plain(column.name),
            "role": lambda column: str(column.role),
            "missing": lambda column: f"{100 * column.missing_ratio:.3g} %",
            "distinct": lambda column: str(column.n_distinct),
            "shape": lambda column: column.distribution or "",
            "min": lambda column: _figure(column.minimum, column.role),
            "median": lambda column: _figure(column.median, column.role),
            "max": lambda column: _figure(column.maximum, column.role),
        }
        cells = [[figure(column) for figure in figures.values()] for column in shown]
        # a narrow terminal gets fewer figures, not broken ones
        room = self._console.width - _MIN_NAME_WIDTH
        n = 1
        for i, head in list(enumerate(figures))[1:]:
            room -= 2 + max(len(head), *(len(line[i]) for line in cells))
            n += room >= 0
        heads, lines = list(figures)[:n], [line[:n] for line in cells]
        self._table(heads, lines, folded="column")
        if left_out := list(figures)[n:]:
            be = "is" if len(left_out) == 1 else "are"
            self._say(
                "",
                f"{enumerated(left_out)} {be} left out, the terminal has "
                f"{self._console.width} columns; --output FILE has all figures",
            )
        if len(profile.features) > len(shown):
            more = len(profile.features) - len(shown)
            self._say("", f"and {count(more, 'more column')}; --output FILE has all")

    def hints(self, profile):
        """Say what stands out in a table as a whole.

        Parameters
        ----------
        profile : DataProfile
            Of the table.
        """
        patterns, quality = profile.patterns, profile.quality
        hints = []
        if patterns.n_correlated_pairs:
            strongest = patterns.correlations[0]
            hints.append(
                f"{count(patterns.n_correlated_pairs, 'strongly correlated pair')} of "
                f"columns, first of all {plain(strongest.first)} and "
                f"{plain(strongest.second)} ({strongest.value:.2f})"
            )
        if (patterns.clusters or 1) > 1:
            hints.append(f"the rows form {patterns.clusters} groups")
        if quality.infinite_ratio:
            hints.append(f"{_rough(quality.infinite_ratio)} of the values infinite")
        hints.append(
            f"{_rough(quality.outlier_ratio)} of the rows stand out by plain statistics"
        )
        self._say("Hints", "; ".join(hints))

    def _say(self, head, text):
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=9, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(head, style="bold"), Text(text))
        self._console.print(grid)

    def _grouped(self, reasons):
        # what happened to many for one reason is one line
        names = {}
        for name, why in reasons.items():
            names.setdefault(why, []).append(name)
        for why, same in names.items():
            shown = ", ".join(same[:_MAX_GROUPED])
            more = len(same) - _MAX_GROUPED
            self._say("", f"{shown}{f' and {more} more' * (more > 0)}: {why}")
        self._console.print()

    def _table(self, heads, lines, *, folded, n_right=0):
        # only the column `folded` gives way when the terminal is narrow
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for i, head in enumerate(heads):
            justify = "right" if i < n_right else "left"
            table.add_column(
                head, justify=justify, overflow="fold", no_wrap=head != folded
            )
        for line in lines:
            # Text, so that nothing in the data is read as markup
            table.add_row(*(Text(str(cell)) for cell in line))
        self._console.print(Padding(table, (0, 0, 1, 2)))


def _how_chosen(detector):
    """Say in words which detectors serve."""
    asked = detector.algorithms is not None
    which = "those requested" if asked else "the default set for every table"
    # A limit that all kept to is not the reason.
    if any(why.startswith("max_models=") for why in detector.rejected_.values()):
        return f"of {which}, the ones that differ most from each other"
    return f"{which}, except those left out below" if detector.rejected_ else which


def _told(detector, data, rows, ordinary):
    """Say in words which values make rows odd."""
    if ordinary is None:
        return [f"not looked for in more than {MAX_COLUMNS} columns"] * len(rows)
    names = _column_names(data)
    odd = data.iloc[rows] if hasattr(data, "iloc") else data[rows]
    return [
        ", ".join(
            f"{plain(names[j])} = {_beside_typical(value, typical)}"
            for j, value, typical in columns
        )
        or "no single value; the combination is unusual"
        for columns in telling_columns(detector, odd, ordinary)
    ]


def _beside_typical(value, typical):
    """Write a value with the typical one in brackets, if there is one."""
    if isinstance(typical, str) and not typical:
        return plain(value)
    return "{} ({})".format(*plain_pair(value, typical))


def _column_names(data):
    """Name the columns; those of an array are x0, x1, ... as everywhere here."""
    if hasattr(data, "columns"):
        return [str(name) for name in data.columns]
    return [f"x{j}" for j in range(data.shape[1])]


def _figure(value, role):
    """Write a figure of a column; dates are kept in seconds since 1970."""
    if value is None:
        return ""
    if role == "date":
        start = datetime.datetime(1970, 1, 1)
        time = start + datetime.timedelta(seconds=value)
        return time.isoformat(" ", "minutes").removesuffix(" 00:00")
    return plain(float(value))
