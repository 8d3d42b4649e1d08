-- How the windows of a range were decided for one field.
-- Parameters: model, version, field, segment String; since, until DateTime64(3), the half-open range of window
--   starts.
-- Columns: change ('distribution' first); status; windows.
-- Reads findings by the prefix (model, version) of its key and window_start.
SELECT if(f.change = '', 'distribution', toString(f.change)) AS change, toString(status) AS status,
    uniqExact(window_start) AS windows
FROM findings AS f FINAL
WHERE model = {model:String} AND f.version = {version:String} AND field = {field:String}
    AND segment = {segment:String}
    AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
GROUP BY change, status
ORDER BY change = 'distribution' DESC, change, windows DESC, status
