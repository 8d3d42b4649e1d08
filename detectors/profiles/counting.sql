-- Counts every column of many models, in each window of their time ranges: one pass over the events.
-- Parameters: models Array(String), those that are read; since, until DateTime64(3), half-open and around
--   all ranges; window_seconds UInt32.
-- Constants (a table of one row sent along): of request r in 1..K, at index r + 1 because 0 stands for no
--   request: begins, ends Array(Int64), its range in milliseconds since 1970; apart Array(UInt8), 1 to count
--   each version on its own; number_base, number_width, text_base, text_width Array(UInt32), its numeric and
--   categorical slots among those of all requests; segment_slot Array(UInt32), its categorical slot (from 1)
--   that rows are grouped by, else 1.
--   pair_models, pair_versions Array(String) with pair_requests Array(UInt32); any_models Array(String)
--   with any_requests: which request an event belongs to, by model and version, else by model.
--   edges Array(Float64), 32 cells a numeric slot: a typical value, then ascending edges padded with NaN,
--   which no value reaches. names Array(String), name_slots Array(UInt32), name_counts Array(UInt8): place
--   0..32 that a category of a categorical slot is counted at; for all others other_counts Array(UInt8), eight a
--   slot, one of which is chosen by the hash of the name.
--   segment_names Array(String), segment_requests Array(UInt32), segment_codes Array(UInt32): known values of
--   the segments; code 0 is for rows of no known one.
-- Columns: request; version; segment, the code; window_start in seconds since 1970; rows; weight_sum;
--   weight_squares; numeric_counts, 33 weighted counts a slot (32 bins, then missing); centred_sum and
--   centred_squares, weighted, one a slot over finite values less the typical value, in the field's unit;
--   minima, maxima, one a slot, NaN where all is missing; categorical_counts, 33 weighted counts a slot.
-- Rows of which only one half came (status no_response, no_request) are left out: what is missing in them
-- says nothing about the model. Infinite values fall into the outermost bins. Arrays shorter than the contract
-- read as missing. Names are compared by 64-bit hashes.
-- counting.py replaces two expressions by equal, faster ones where it may: edges found by transform where there
-- are few, and the place of unknown categories where no slot groups them.
-- Reads inference_events by its key (model, ts).
WITH
    (SELECT edges FROM constants) AS all_edges,
    arrayMap(i -> toUInt32(i), arrayEnumerate(all_edges)) AS edge_places,
    (SELECT arrayMap((n, s) -> cityHash64(n) + s * 11400714819323198485, names, name_slots) FROM constants) AS name_keys,
    (SELECT name_counts FROM constants) AS name_places,
    (SELECT other_counts FROM constants) AS other_places,
    (SELECT arrayMap((n, s) -> cityHash64(n) + s * 11400714819323198485, segment_names, segment_requests) FROM constants) AS segment_keys,
    (SELECT segment_codes FROM constants) AS segment_found,
    (SELECT arrayMap((m, v) -> cityHash64(m) + 11400714819323198485 * cityHash64(v), pair_models, pair_versions) FROM constants) AS pair_keys,
    (SELECT pair_requests FROM constants) AS pair_found,
    (SELECT arrayMap(m -> cityHash64(m), any_models) FROM constants) AS any_keys,
    (SELECT any_requests FROM constants) AS any_found,
    (SELECT begins FROM constants) AS range_begins,
    (SELECT ends FROM constants) AS range_ends,
    (SELECT apart FROM constants) AS versions_apart,
    (SELECT number_base FROM constants) AS number_bases,
    (SELECT number_width FROM constants) AS number_widths,
    (SELECT text_base FROM constants) AS text_bases,
    (SELECT text_width FROM constants) AS text_widths,
    (SELECT segment_slot FROM constants) AS segment_slots,
    toUInt32(transform(cityHash64(e.model) + 11400714819323198485 * cityHash64(e.version), pair_keys, pair_found,
        transform(cityHash64(e.model), any_keys, any_found, toUInt32(0)))) AS r,
    toUnixTimestamp64Milli(ts) AS at,
    arrayResize(numeric, number_widths[r + 1], nan) AS v,
    arrayMap(s -> toUInt32(s * 32 + 1), range(number_bases[r + 1], number_bases[r + 1] + number_widths[r + 1])) AS c0,
    arrayMap((x, c) -> toUInt32(c + 16 * (x >= all_edges[c + 16])), v, c0) AS c1,
    arrayMap((x, c) -> toUInt32(c + 8 * (x >= all_edges[c + 8])), v, c1) AS c2,
    arrayMap((x, c) -> toUInt32(c + 4 * (x >= all_edges[c + 4])), v, c2) AS c3,
    arrayMap((x, c) -> toUInt32(c + 2 * (x >= all_edges[c + 2])), v, c3) AS c4,
    arrayMap((x, c, base) -> toUInt8(if(isNaN(x), 32, c - base + (x >= all_edges[c + 1]))), v, c4, c0) AS bins,
    arrayMap((x, c) -> if(isFinite(x), x - all_edges[c], 0.), v, c0) AS centred,
    arrayResize(categorical, text_widths[r + 1], toLowCardinality(char(0))) AS cells,
    range(text_bases[r + 1], text_bases[r + 1] + text_widths[r + 1]) AS text_slots,
    arrayMap((c, s) -> toUInt8(transform(cityHash64(c) + s * 11400714819323198485, name_keys, name_places,
        toUInt8(other_places[s * 8 + bitAnd(CRC32(c), 7) + 1]))), cells, text_slots) AS places
SELECT
    r AS request,
    if(versions_apart[r + 1] = 1, toString(e.version), '') AS version,
    toUInt32(transform(cityHash64(cells[segment_slots[r + 1]]) + r * 11400714819323198485, segment_keys, segment_found, toUInt32(0))) AS segment,
    intDiv(at, 1000 * {window_seconds:UInt32}) * {window_seconds:UInt32} AS window_start,
    count() AS rows,
    sum(weight) AS weight_sum,
    sum(weight * weight) AS weight_squares,
    arrayFlatten(sumResampleForEach(0, 33, 1)(arrayMap(x -> weight, v), bins)) AS numeric_counts,
    sumForEach(arrayMap(x -> x * weight, centred)) AS centred_sum,
    sumForEach(arrayMap(x -> x * x * weight, centred)) AS centred_squares,
    minForEach(v) AS minima,
    maxForEach(v) AS maxima,
    arrayFlatten(sumResampleForEach(0, 33, 1)(arrayMap(c -> weight, cells), places)) AS categorical_counts
FROM inference_events AS e
WHERE e.model IN {models:Array(String)} AND e.status IN ('ok', 'error')
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND at >= range_begins[r + 1] AND at < range_ends[r + 1]
GROUP BY request, version, segment, window_start
