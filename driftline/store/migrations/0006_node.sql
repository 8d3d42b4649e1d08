-- What the node agent knows since it reads more than NVML: pods, slices, limits, allocations, sources.

ALTER TABLE cpu_samples
    ADD COLUMN IF NOT EXISTS namespace LowCardinality(String),
    ADD COLUMN IF NOT EXISTS pod String COMMENT 'empty when it lives in no pod, or in several',
    ADD COLUMN IF NOT EXISTS container LowCardinality(String),
    ADD COLUMN IF NOT EXISTS throttled_seconds Float64 DEFAULT nan
        COMMENT 'time in the interval that the CPU limit kept it waiting; NaN: no cgroup of its own',
    ADD COLUMN IF NOT EXISTS memory_limit_bytes Float64 DEFAULT nan COMMENT 'inf: none; NaN: unknown',
    ADD COLUMN IF NOT EXISTS cpu_limit_cores Float64 DEFAULT nan COMMENT 'inf: none; NaN: unknown',
    ADD COLUMN IF NOT EXISTS source LowCardinality(String) COMMENT 'cgroup, process, or cgroup+process',
    COMMENT COLUMN memory_bytes 'at the end of the interval: working set of its cgroup, else resident sets, shared pages counted once per process';

ALTER TABLE gpu_samples
    ADD COLUMN IF NOT EXISTS parent String COMMENT 'of a MIG instance: UUID of its card; such rows are parts of the card''s row, so count only rows without a parent',
    ADD COLUMN IF NOT EXISTS profile LowCardinality(String) COMMENT 'of a MIG instance, as 1g.5gb',
    ADD COLUMN IF NOT EXISTS core_fraction Float64 DEFAULT nan COMMENT 'of a MIG instance: its part of the card''s compute slices, 0..1',
    ADD COLUMN IF NOT EXISTS source LowCardinality(String) COMMENT 'who told, as nvml+dcgm',
    MODIFY COLUMN memory_used_bytes Float64 COMMENT 'NaN: unknown',
    MODIFY COLUMN memory_total_bytes Float64 COMMENT 'NaN: unknown',
    COMMENT COLUMN utilization '0..1 of the card, or of the MIG instance; NaN: unknown';

ALTER TABLE gpu_shares
    ADD COLUMN IF NOT EXISTS slice String COMMENT 'UUID of the MIG instance, empty on a whole card; shares are of the card all the same',
    ADD COLUMN IF NOT EXISTS profile LowCardinality(String),
    ADD COLUMN IF NOT EXISTS namespace LowCardinality(String),
    ADD COLUMN IF NOT EXISTS pod String COMMENT 'empty when it lives in no pod, or in several',
    ADD COLUMN IF NOT EXISTS core_allocated Float64 DEFAULT nan COMMENT '0..1 of the card that was promised; NaN: unknown',
    ADD COLUMN IF NOT EXISTS memory_allocated Float64 DEFAULT nan COMMENT '0..1 of the card''s memory that was promised; NaN: unknown',
    ADD COLUMN IF NOT EXISTS copied_utilization Float64 DEFAULT nan COMMENT 'grade device-copied: the card''s value, the same for everyone on it; never to be summed',
    ADD COLUMN IF NOT EXISTS core_source LowCardinality(String) COMMENT 'who told core_share',
    ADD COLUMN IF NOT EXISTS memory_source LowCardinality(String) COMMENT 'who told memory_share',
    ADD COLUMN IF NOT EXISTS memory_grade LowCardinality(String) COMMENT 'evidence grade of memory_share',
    COMMENT COLUMN core_share '0..1 of the card; of all instances together at most 1; NaN: unknown',
    COMMENT COLUMN memory_share '0..1 of the card''s memory; of all instances together at most 1; NaN: unknown',
    COMMENT COLUMN grade 'evidence grade of core_share';
