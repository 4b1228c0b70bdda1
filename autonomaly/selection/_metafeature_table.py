"""Every meta-feature: what it is, how it is computed, where it comes from."""

from dataclasses import dataclass
from itertools import combinations

__all__ = ["LANDMARKS", "META_FEATURES", "MetaFeature"]


@dataclass(frozen=True)
class MetaFeature:
    """What a meta-feature is.

    Attributes
    ----------
    name : str
        Its name in the vector.
    group : str
        ``"size"``, ``"types"``, ``"dependence"``, ``"tails"``, ``"structure"`` or
        ``"landmarks"``.
    label : str
        What it is in a few words.
    formula : str
        How it is computed.
    reference : str
        Where it comes from; empty where it is plain counting.
    """

    name: str
    group: str
    label: str
    formula: str
    reference: str = ""


#: The fast detectors whose scores are described.
LANDMARKS = ("knn", "histogram", "mahalanobis", "dependency", "forest")
#: Those of them that change most when suspicious rows leave their reference.
TRIMMED_LANDMARKS = ("knn", "mahalanobis", "dependency")

_SIZE = "Castiello et al. 2005, MDAI, doi:10.1007/11526018_45"
_SURVEY = (
    "Rivolli et al. 2022, Knowl.-Based Syst. 240, doi:10.1016/j.knosys.2021.108101"
)
_ADDITIVE = "Hastie and Tibshirani 1986, Stat. Sci. 1, doi:10.1214/ss/1177013604"
_RANK = "Roy and Vetterli 2007, EUSIPCO"
_SHAPE = "Kim and White 2004, Finance Res. Lett. 1, doi:10.1016/S1544-6123(03)00003-5"
_TUKEY = "Tukey 1977, Exploratory Data Analysis, Addison-Wesley"
_TWONN = "Facco et al. 2017, Sci. Rep. 7, doi:10.1038/s41598-017-11873-y"
_MLE = "Levina and Bickel 2004, NIPS 17"
_COPULA = "Nelsen 2006, An Introduction to Copulas, doi:10.1007/0-387-28678-0"
_HUBS = "Radovanović et al. 2010, JMLR 11"
_BEYER = "Beyer et al. 1999, ICDT, doi:10.1007/3-540-49257-7_15"
_LOF = "Breunig et al. 2000, SIGMOD, doi:10.1145/342009.335388"
_HOPKINS = "Hopkins and Skellam 1954, Ann. Bot. 18"
_SARLE = "Pfister et al. 2013, Front. Psychol. 4, doi:10.3389/fpsyg.2013.00700"
_LANDMARK = "Pfahringer et al. 2000, ICML; Zhao et al. 2021, NeurIPS 34 (MetaOD)"
_STABLE = "Perini et al. 2020, ECML PKDD, doi:10.1007/978-3-030-67664-3_14"
_MASKING = "Rousseeuw and van Zomeren 1990, JASA 85, doi:10.1080/01621459.1990.10474920"

_SKEW = "|q90 + q10 - 2 q50| / (q90 - q10)"
_TAIL = "log2((q99 - q1) / (q75 - q25))"

# Rows are the more suspicious, the higher their median rank over landmarks.
# (group, name, label, formula, reference). m is the number of rows drawn; q and p are
# quantiles in percent; logarithms of vanishing quantities are bounded. Everything but
# size and the shares of values is computed on the columns centred on their median and
# divided by their 5 %-95 % range; distances on those values squashed.
_ROWS = (
    ("size", "log_n", "rows, log10", "log10 of the number of rows", _SIZE),
    (
        "size",
        "log_d",
        "columns, log10",
        "log10 of the number of columns that vary",
        _SIZE,
    ),
    ("size", "log_n_per_d", "rows per column, log10", "log_n - log_d", _SIZE),
    (
        "types",
        "binary_share",
        "columns of two values",
        "share of columns of two values",
        _SIZE,
    ),
    (
        "types",
        "few_valued_share",
        "columns of few values",
        "share of columns of <= max(10, sqrt(m)) values",
        "",
    ),
    (
        "types",
        "lattice_share",
        "columns of whole steps",
        "share of columns of three or more values that lie whole steps apart "
        "(integers, whatever their unit)",
        "",
    ),
    ("types", "zero_share", "zeros", "share of cells that are 0", ""),
    (
        "types",
        "mode_share",
        "repeated values",
        "mean over columns of the share of the commonest value",
        "",
    ),
    (
        "types",
        "duplicate_share",
        "repeated rows",
        "share of rows that repeat another",
        "",
    ),
    (
        "types",
        "missing_share",
        "missing cells",
        "share of missing cells in the profile, 0 without",
        _SIZE,
    ),
    (
        "types",
        "categorical_share",
        "categories",
        "share of categories and texts among the columns of the profile, 0 without",
        _SIZE,
    ),
    (
        "dependence",
        "spearman_mean",
        "correlation of columns",
        "mean |Spearman's rho| of two columns",
        _SIZE,
    ),
    (
        "dependence",
        "r2_mean",
        "linear dependence of columns",
        "mean adjusted R² of a column from the others",
        _SURVEY,
    ),
    (
        "dependence",
        "spline_gain",
        "curved dependence of columns",
        "mean R² of a column from additive splines of the others, not adjusted, less "
        "r2_mean",
        _ADDITIVE,
    ),
    (
        "dependence",
        "pc1_share",
        "weight of the first component",
        "variance of the first principal component",
        _SURVEY,
    ),
    (
        "dependence",
        "rank_share",
        "effective rank",
        "exp(entropy of the eigenvalues) / columns",
        _RANK,
    ),
    (
        "tails",
        "tail_median",
        "weight of the tails",
        f"median over columns of {_TAIL}",
        _SHAPE,
    ),
    ("tails", "tail_max", "heaviest tail", f"maximum over columns of {_TAIL}", _SHAPE),
    ("tails", "skew_mean", "skewness", f"mean over columns of {_SKEW}", _SHAPE),
    (
        "tails",
        "reach_median",
        "reach of the extremes",
        "median over columns of log2(1 + max |x - q50| / (q95 - q5)), at most log2(21)",
        _TUKEY,
    ),
    (
        "tails",
        "beyond_cells",
        "far cells",
        "share of cells 3 (q75 - q25) outside q25, q75",
        _TUKEY,
    ),
    (
        "tails",
        "beyond_rows",
        "rows with far cells",
        "share of rows with such a cell",
        _TUKEY,
    ),
    (
        "tails",
        "beyond_together",
        "far cells that meet in rows",
        "log2 of the share of such rows if columns were independent over beyond_rows",
        _TUKEY,
    ),
    (
        "structure",
        "id_twonn",
        "intrinsic dimension, nearest",
        "log2 intrinsic dimension by two neighbours",
        _TWONN,
    ),
    (
        "structure",
        "id_mle",
        "intrinsic dimension",
        "log2 intrinsic dimension by 20 neighbours",
        _MLE,
    ),
    (
        "structure",
        "id_per_column",
        "intrinsic dimension per column",
        "id_mle - log2 of the columns",
        _MLE,
    ),
    (
        "structure",
        "id_spread",
        "change of dimension from place to place",
        "standard deviation of log2 local dimension",
        _MLE,
    ),
    (
        "structure",
        "gain_permuted",
        "structure beyond the margins",
        "mean log2 distance to the 10th neighbour once every column is permuted, less "
        "that of the rows: what dependence of any kind gains",
        _COPULA,
    ),
    (
        "structure",
        "gain_copula",
        "structure beyond correlation",
        "the same for a Gaussian copula with the margins and correlations of the rows: "
        "clusters, curves and other local structure",
        _COPULA,
    ),
    (
        "structure",
        "hubness",
        "hubs",
        "skewness of the count of a row among 10 nearest",
        _HUBS,
    ),
    (
        "structure",
        "antihubs",
        "rows near no other row",
        "share of rows that are among the 10 nearest of no other row",
        _HUBS,
    ),
    (
        "structure",
        "contrast",
        "contrast of distances",
        "log2(median distance / median nearest distance)",
        _BEYER,
    ),
    (
        "structure",
        "density_spread",
        "differences of density",
        "std of log2 distance to the 10th neighbour",
        _LOF,
    ),
    (
        "structure",
        "local_q99",
        "rows thinner than their surroundings",
        "q99 of log2(distance to the 10th neighbour / mean distance of those ten to "
        "theirs)",
        _LOF,
    ),
    (
        "structure",
        "hopkins",
        "tendency to cluster",
        "u / (u + w), mean distances to the nearest row from uniform points and from "
        "rows; 0.5 without clusters",
        _HOPKINS,
    ),
    (
        "structure",
        "bimodality",
        "two-humped components",
        "largest (skewness² + 1) / kurtosis of the first three principal components",
        _SARLE,
    ),
    *(
        (
            "landmarks",
            f"agree_{a}_{b}",
            f"agreement of {a} and {b}",
            f"Spearman's rho of {a} and {b}",
            _LANDMARK,
        )
        for a, b in combinations(LANDMARKS, 2)
    ),
    *(
        (
            "landmarks",
            f"stable_{a}",
            f"stability of {a}",
            f"rho of {a} fitted to either half",
            _STABLE,
        )
        for a in LANDMARKS
    ),
    *(
        (
            "landmarks",
            f"tail_{a}",
            f"tail of {a}",
            f"log2((p99 - p50) / (p90 - p50)) of {a}",
            _SHAPE,
        )
        for a in LANDMARKS
    ),
    (
        "landmarks",
        "kurtosis_mean",
        "kurtosis of the scores",
        "mean log2 kurtosis of the scores",
        _LANDMARK,
    ),
    (
        "landmarks",
        "top_overlap",
        "agreement on the top 2 %",
        "mean share of the top 2 % of one landmark in the top 2 % of another",
        _LANDMARK,
    ),
    *(
        (
            "landmarks",
            f"trim_{a}",
            f"what trimming does to {a}",
            f"1 - rho of {a} before and after the 30 % most suspicious rows leave its "
            "reference",
            _MASKING,
        )
        for a in TRIMMED_LANDMARKS
    ),
    (
        "landmarks",
        "top_clustered",
        "suspicious rows that crowd together",
        "share of suspicious rows among the 5 nearest of the 5 % most suspicious",
        _MASKING,
    ),
)

#: All of them, in the order of the vector.
META_FEATURES = tuple(
    MetaFeature(name, group, label, formula, reference)
    for group, name, label, formula, reference in _ROWS
)
