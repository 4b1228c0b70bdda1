"""What a fit writes into its record, and the reasons it gives."""

__all__ = [
    "record_data",
    "record_fit",
    "record_labels",
    "record_settings",
    "record_source",
    "record_tuning",
]

_VOTES = {"upper_half": "mean of the more suspicious half of the members"}
# No result depends on them.
_WITHOUT_EFFECT = {"n_jobs", "verbose"}


def record_settings(record, detector, version):
    """Write down what a fit was asked for, so that it can be done again."""
    defaults = type(detector)().get_params()
    changed = {
        name: value
        for name, value in detector.get_params().items()
        if name not in _WITHOUT_EFFECT and not _is_default(value, defaults[name])
    }
    record.add(
        "run",
        "settings",
        changed or "defaults",
        "the other parameters have their defaults" if changed else "nothing was set",
        autonomaly=version,
        random_state=detector.random_state,
    )


def _is_default(value, default):
    # Values of any type may not be comparable with one another.
    return value is default or (type(value) is type(default) and value == default)


def record_source(record, source, **left_out):
    """Record where the table comes from, and which columns were set aside."""
    record.add("run", "source", source, "what --dataset names", **left_out)


def record_data(record, profile, n_rows, preprocessor, Z):
    """Write down what the data is and how it was made numeric."""
    roles = {}
    why = "counted; roles are inferred from the values"
    if profile.n_samples < n_rows:
        why += f"; the ratios are those of the {profile.n_samples} rows profiled"
    for role in preprocessor.roles_.values():
        roles[str(role)] = roles.get(str(role), 0) + 1
    record.add(
        "profile",
        "data",
        f"{n_rows} rows, {profile.n_features} columns",
        why,
        roles=roles,
        missing_values_ratio=profile.missing_values_ratio,
        duplicate_ratio=profile.duplicate_ratio,
        linear_dependence=profile.linear_dependence,
        heavy_tail_ratio=profile.heavy_tail_ratio,
    )
    record.add(
        "preprocessing",
        "matrix",
        f"{Z.shape[1]} numeric columns",
        "every usable column is encoded as one or more numbers",
    )
    for column, why in preprocessor.dropped_.items():
        record.add("preprocessing", str(column), "dropped", why)
    for name, section in profile.custom.items():
        why = section.get("failed") if isinstance(section, dict) else None
        if why is not None:
            record.add("profile", name, "failed", why)


def record_tuning(record, search, tuned):
    """Record what was searched, and the resulting hyperparameters."""
    record.add(
        "tuning",
        "search",
        search,
        "requested; every setting was judged by a proxy, labels were not used",
        trials=sum(len(member.trials) for member in tuned),
        members=len(tuned),
        changed=sum(member.changed for member in tuned),
    )
    planned = {m.name: m.planned for m in tuned if m.planned is not None}
    if planned:
        record.add(
            "tuning",
            "trials",
            planned,
            "further trials of every member that fit into the time, the memory and "
            "n_trials, judged by the cost of its first one; the k-th is worth 1/k",
            first_seconds={m.name: m.trials[0].seconds for m in tuned if m.trials},
        )
    for member in tuned:
        record.add(
            "tuning",
            member.name,
            member.parameters if member.changed else "unchanged",
            member.reason,
            value=member.value,
            value_before=member.value_before,
            trials=len(member.trials),
            failed=sum(trial.error is not None for trial in member.trials),
        )


def record_fit(record, detector):
    """Write down members, refusals, trimming, vote and threshold."""
    ensemble = detector.ensemble_
    vote = {"members": len(detector.recommendations_)}
    vote["fits"] = len(ensemble.estimators_)
    if ensemble.agreement_ is not None:
        vote["agreement"] = ensemble.agreement_
    for r in detector.recommendations_:
        agreement = {}
        if ensemble.agreement_ is not None:  # one member agrees with itself
            found = ensemble.agreement_with_vote_.get(r.algorithm)
            agreement["agreement_with_vote"] = found
        record.add(
            "selection",
            r.algorithm,
            "chosen",
            r.reasoning,
            view=r.view,
            hyperparameters=r.hyperparameters,
            **agreement,
        )
    for name, why in detector.rejected_.items():
        record.add("selection", name, "rejected", why)
    record.add(
        "ensemble",
        "trimming",
        [_depth(share) for share in ensemble.depths_],
        _why_these_depths(ensemble),
        reference_size=ensemble.reference_size_,
    )
    record.add(
        "ensemble",
        "vote",
        _VOTES.get(ensemble.combination, ensemble.combination),
        "an anomaly need not look odd to every kind of detector",
        combination=ensemble.combination,
        **vote,
    )
    why = ensemble.threshold_reason_
    if ensemble.n_scored_ < detector.n_samples_seen_:
        why += f"; shares refer to the {ensemble.n_scored_} rows examined"
    record.add(
        "threshold",
        "contamination",
        detector.contamination_,
        why,
        offset=detector.offset_,
        rows=ensemble.n_scored_,
    )


def _why_these_depths(ensemble):
    skipped = set(ensemble._depths) - set(ensemble._committee.depths_in_time)
    if len(ensemble.depths_) == 1:
        if skipped:
            return (
                "there was no time for more depths: detectors learn from all rows of "
                "the reference, suspicious ones too"
            )
        return (
            "detectors learn from all rows of the reference: there are too few to "
            "leave any out, or nothing could be fitted on the others"
        )
    why = (
        "detectors would learn the contamination of the reference: the most suspicious "
        "rows are removed from it; several depths are averaged because the best one "
        "cannot be determined from the data"
    )
    return f"{why}; there was no time for more" if skipped else why


def _depth(share):
    """Write a depth of trimming in words."""
    return f"without {100 * share:.0f} %" if share else "all rows"


def record_labels(record, vote, share, offset):
    """Write down what labels changed; a later call tells of the labels by then."""
    n_anomalies = sum(vote.labels.values())
    taken_back = not vote.labels and bool(record.filter("labels", "contamination"))
    why = "used to learn; far from every label, the vote without labels still decides"
    if not vote.labels:
        when = "any more" if taken_back else "yet"
        why = f"none {when}: the vote without labels decides"
    record.add(
        "labels",
        "labels",
        f"{len(vote.labels)}, {n_anomalies} of them anomalies",
        why,
        kept_rows=len(vote.rows),
    )
    if taken_back:  # else the last entries would still tell of labels
        why = "all labels were withdrawn"
        record.add("labels", "emphasis", None, why, average_precision=None)
        record.add("labels", "trees", "left out", why, weight=0.0)
        why += ": share and threshold are those of the vote without labels"
        record.add("labels", "contamination", share, why, offset=offset)
    if not vote.labels:
        return
    record.add(
        "labels",
        "emphasis",
        vote.emphasis,
        "the best average precision on labelled rows, each scored without its own label"
        if vote.left_out_precision is not None
        else "all labels are of one kind: there is no criterion to choose by",
        average_precision=vote.left_out_precision,
    )
    trees = vote.trees_weight > 0
    record.add(
        "labels",
        "trees",
        "joined" if trees else "left out",
        "extremely randomised trees on the scores of the members and the columns; "
        "their weight grows with the labels"
        if trees
        else "two labels of each kind are needed to grow trees",
        weight=vote.trees_weight,
    )
    why = vote.threshold_reason
    if vote.n_counted < vote.n_rows:
        why += f"; shares refer to the {vote.n_counted} rows examined"
    record.add(
        "labels",
        "contamination",
        share,
        why,
        offset=offset,
        rows=vote.n_counted,
    )
