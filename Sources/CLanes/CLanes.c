// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLanes.h"
#include <sched.h>
#include <unistd.h>

int lanes_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int lanes_processor(void) { return sched_getcpu(); }

void lanes_leave_processor(int processor) {
    cpu_set_t all, others;
    if (processor < 0 || processor >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) != 0) return;
    others = all;
    CPU_CLR(processor, &others);
    // The first call moves the thread, the second one lets it move back.
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0) {
        sched_setaffinity(0, sizeof all, &all);
    }
}
