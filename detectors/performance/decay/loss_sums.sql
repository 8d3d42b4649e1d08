-- Sums over the labelled events of a model, by version and window: what decay is decided from.
-- Parameters: model, name String (label: '' the truth, else a figure); recipe UInt64; since, until
--   DateTime64(3), half-open; versions Array(String), empty for all; segment_index UInt16 (1-based, 0 for all
--   rows) and segment_value String; window_seconds UInt32; weight_limit Float64, heavier events count as
--   this; loss_* as the loss says; limit, harmless_limit Float64 and bets Array(Float64), signed.
-- Filled in by the caller, from closed sets: @loss, loss of one event; @factor, on its weight; @counted, which
--   rows count; @log_bets, sums of ln(1 + bet u (x - limit)), one a bet: `above` is u (x - limit), `below`
--   u (x - harmless_limit).
-- Columns: version; window_start; labelled; weight, sum of w; scaled, squares: sums of u = w / weight_limit
--   and u^2; loss, loss_twice, loss_squares: sums of u x, u^2 x, u^2 x^2; log_bets.
-- Reads labelled_events by the prefix (model, recipe, name) of its key and by ts; the newest label counts.
SELECT
    toString(version) AS version,
    window_start,
    count() AS labelled,
    sum(w) AS weight,
    sum(u) AS scaled,
    sum(u * u) AS squares,
    sum(u * x) AS loss,
    sum(u * u * x) AS loss_twice,
    sum(u * u * x * x) AS loss_squares,
    [@log_bets] AS log_bets
FROM (
    SELECT
        version,
        fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
        weight * (@factor) AS w,
        least(w, {weight_limit:Float64}) / {weight_limit:Float64} AS u,
        @loss AS raw,
        least(greatest(raw, 0.), {loss_bound:Float64}) AS x,
        u * (x - {limit:Float64}) AS above,
        u * (x - {harmless_limit:Float64}) AS below
    FROM labelled_events FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR has({versions:Array(String)}, toString(version)))
        AND ({segment_index:UInt16} = 0 OR segments[{segment_index:UInt16}] = {segment_value:String})
        AND (@counted) AND NOT isNaN(raw)
)
GROUP BY version, window_start
ORDER BY version, window_start
