-- What is labelled of two versions, and how large their losses are.
-- Parameters: model, name, champion, challenger String; recipe UInt64; since, until DateTime64(3), half-open, and
--   those of the loss.
-- LOSS_OF_EVENT and EVENT_COUNTS stand for the expressions of detectors/performance/decay/loss.py.
-- Columns: version; labelled, events with a truth that count; unusable, of them without a loss (no score, no
--   number); high_loss, 99.9% quantile of the loss.
-- Reads labelled_events by the prefix (model, recipe, name, version, ts) of its key.
SELECT
    version,
    count() AS labelled,
    countIf(isNaN(loss)) AS unusable,
    quantileTDigestIf(0.999)(loss, isFinite(loss)) AS high_loss
FROM (
    SELECT toString(version) AS version, LOSS_OF_EVENT AS loss
    FROM labelled_events FINAL
    WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name = {name:String}
        AND version IN ({champion:String}, {challenger:String})
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND EVENT_COUNTS
)
GROUP BY version
SETTINGS do_not_merge_across_partitions_select_final = 1
