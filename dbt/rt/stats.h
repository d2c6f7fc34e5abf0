/* SPDX-License-Identifier: BSD-2-Clause */
/* What the runtime counts, per vCPU. */
#pragma once

#include "dbt/ir/ir.h"
#include "dbt/rt/helpers.h"

// clang-format off
#define RT_STAT_ROWS(X)                                              \
    X(translations,   "blocks translated")                           \
    X(guest_insns,    "guest instructions translated")               \
    X(host_bytes,     "bytes of host code made")                     \
    X(translate_time, "counter ticks spent in translation")          \
    X(entries,        "entries into translated code")                \
    X(lookups,        "look-ups by the dispatcher")                  \
    X(lookup_misses,  "of these not in the jump cache")              \
    X(links,          "exits that asked for a link")                 \
    X(fills,          "view faults mended by a mapping")             \
    X(prefills,       "mappings made when an abort's handler returns") \
    X(page_faults,    "faults on pages")                             \
    X(range_faults,   "faults on addresses out of range")            \
    X(check_faults,   "checks that failed in translated code")       \
    X(windows,        "windows opened")                              \
    X(slow_insns,     "instructions interpreted")                    \
    X(slow_sites,     "access sites turned to windows or the slow form") \
    X(slow_accesses,  "accesses the slow way")                       \
    X(device_reads,   "device reads")                                \
    X(device_writes,  "device writes")                               \
    X(aborts,         "data and instruction aborts taken")           \
    X(interrupts,     "events while translated code ran")            \
    X(steps,          "host instructions stepped to a boundary")     \
    X(waits,          "times the vCPU slept")                        \
    X(wait_time,      "counter ticks asleep")                        \
    X(context,        "changes of the translation context")          \
    X(tlbi,           "TLB invalidations")                           \
    X(icache,         "instruction cache invalidations that dropped blocks")
// clang-format on

struct rt_stats {
#define X(name, text) uint64_t name;
    RT_STAT_ROWS(X)
#undef X
    uint64_t exit[EXIT_COUNT];     /* by reason */
    uint64_t helper[HELPER_COUNT]; /* calls of sync helpers */
};

struct vcpu;

/* Where a count of guest instructions began. */
struct rt_count {
    uint64_t counter; /* of the platform */
    uint64_t insns;
    uint64_t wait_time;
};

/*
 * Counts guest instructions from now on, at a small cost: blocks are translated anew with
 * TR_ICOUNT. What was counted so far is forgotten, so that a second call some time later starts a
 * measurement which sees warm code only. A block that a helper leaves within counts as whole.
 */
void rt_stats_count(struct vcpu *vcpu);

/* Writes vcpu's figures to the log, the zero ones left out, and ends the counting. */
void rt_stats_log(struct vcpu *vcpu);
