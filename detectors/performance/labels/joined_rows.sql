-- How many labels of a model (or stand-in) are joined with events of a range.
-- Parameters: model String; recipe UInt64; since, until DateTime64(3), half-open range of event times.
-- Columns: rows.
-- Reads labelled_events by the prefix (model, recipe) of its key.
SELECT count() AS rows
FROM labelled_events FINAL
WHERE model = {model:String} AND recipe = {recipe:UInt64}
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
