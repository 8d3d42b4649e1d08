-- A year of hourly profiles of some models, 50 fields each.
-- Parameters: models UInt32; windows UInt32, back from until UInt32, Unix seconds.
INSERT INTO profiles
    (model, version, baseline_id, window_start, window_end, field, kind, counts, rows, weight_sum, effective_rows, mean, std,
     minimum, maximum, computed_at)
SELECT
    concat('year', toString(number % {models:UInt32})),
    '1',
    'bl_0123456789abcdef',
    toDateTime64({until:UInt32}, 3, 'UTC') - toIntervalHour(1 + intDiv(number, {models:UInt32} * 50)) AS start,
    start + 3600,
    concat('field_', toString(intDiv(number, {models:UInt32}) % 50)),
    'numeric',
    arrayMap(i -> toFloat64(56 + intHash64(number * 64 + i) % 11), range(33)),
    2000,
    2000,
    2000,
    intHash64(number) / 18446744073709551616,
    1 + intHash64(number + 1) / 18446744073709551616,
    -intHash64(number + 2) / 18446744073709551616,
    5 + intHash64(number + 3) / 18446744073709551616,
    now64(6)
FROM numbers_mt(toUInt64({models:UInt32}) * {windows:UInt32} * 50)
