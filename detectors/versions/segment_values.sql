-- The commonest values of a segment among the labelled events of two versions.
-- Parameters: model, name, champion, challenger String; recipe UInt64; since, until DateTime64(3), half-open;
--   by_slot UInt16, position from 1 of the segment; most UInt32.
-- Columns: value; rows, labelled events of both versions; the commonest first.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key.
SELECT toString(segments[{by_slot:UInt16}]) AS value, count() AS rows
FROM labelled_events
WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
    AND version IN ({champion:String}, {challenger:String})
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
GROUP BY value
ORDER BY rows DESC, value
LIMIT {most:UInt32}
