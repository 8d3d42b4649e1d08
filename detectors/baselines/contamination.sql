-- Stretches of a model's history that were not normal: windows that drifted, changes behind findings that
-- drifted (back to their most likely first window), and episodes from their first window to the last.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3);
--   window_seconds UInt32.
-- Columns: began, ended (half open); why.
-- Reads windows, findings and episodes by the prefix (model) of their keys.
SELECT began, ended, why
FROM (
    SELECT window_start AS began, window_end AS ended, 'drifted' AS why
    FROM windows FINAL
    WHERE model = {model:String} AND status = 'drifted'
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
        AND window_end > {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT min(ifNull(change_start, window_start)) AS began, max(window_end) AS ended, 'drifted' AS why
    FROM findings FINAL
    WHERE model = {model:String} AND status = 'drifted'
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
        AND window_end > {since:DateTime64(3, 'UTC')}
        AND ifNull(change_start, window_start) < {until:DateTime64(3, 'UTC')}
    GROUP BY version, field, segment, change, ifNull(change_start, window_start)
    UNION ALL
    SELECT
        first_window AS began,
        if(state = 'open', {until:DateTime64(3, 'UTC')},
            last_window + toIntervalSecond({window_seconds:UInt32})) AS ended,
        concat('episode ', state) AS why
    FROM episodes FINAL
    WHERE model = {model:String}
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
        AND first_window < {until:DateTime64(3, 'UTC')}
        AND (state = 'open'
            OR last_window + toIntervalSecond({window_seconds:UInt32}) > {since:DateTime64(3, 'UTC')})
)
WHERE began < ended
ORDER BY began, ended, why
