"""Whose fault a failed insert is: the data's, or the condition of the database."""

from __future__ import annotations

from driftline.errors import StoreQueryFailed

_TOO_MANY_PARTS = 252
_REFUSED_DATA = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        9,  # SIZES_OF_COLUMNS_DOESNT_MATCH
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        43,  # ILLEGAL_TYPE_OF_ARGUMENT
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        128,  # TOO_LARGE_ARRAY_SIZE
        131,  # TOO_LARGE_STRING_SIZE
        190,  # SIZES_OF_ARRAYS_DONT_MATCH
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        395,  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
        469,  # VIOLATED_CONSTRAINT
    }
)
"""Codes (ClickHouse, src/Common/ErrorCodes.cpp) that the same data meets again on a sound server."""


def refuses_data(error: StoreQueryFailed) -> bool:
    """Whether sending the same data again is in vain.

    A closed list, because the two mistakes are not alike: data that is wrongly retried waits in the spool and
    is seen there; data that is wrongly given up is lost. So a read-only table, a full disk, too many parts, a
    memory limit, a missing grant and whatever a later version invents are the database's condition.
    """
    code = error.clickhouse_code
    if code == _TOO_MANY_PARTS:
        return "single INSERT block" in error.message  # not the table's parts but the batch's partitions
    return code is None or code in _REFUSED_DATA
