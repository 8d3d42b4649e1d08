-- Which versions each instance of a model served.
-- Parameters: model String; since, until DateTime64(3), counted in (since, until].
-- Columns: instance; versions, those it served, in order.
-- Reads coverage by its key (model, ts).
SELECT toString(instance) AS instance, arraySort(groupUniqArray(toString(version))) AS versions
FROM coverage
WHERE model = {model:String} AND seen > 0
    AND ts > {since:DateTime64(3, 'UTC')} AND ts <= {until:DateTime64(3, 'UTC')}
GROUP BY instance
ORDER BY instance
