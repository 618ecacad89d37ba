// SPDX-License-Identifier: BSD-2-Clause
/* BPF_ENABLE_STATS: the kernel counts while a descriptor of it is open. */
#include <stdio.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "internal.h"

int kernel_stats_enable(struct backend *backend, bool enable)
{
	struct kernel_backend *kernel = kernel_backend(backend);
	union bpf_attr attr = {.enable_stats.type = BPF_STATS_RUN_TIME};
	int error = 0;

	pthread_mutex_lock(&kernel->stats_lock);
	if (enable && kernel->stats_fd < 0) {
		kernel->stats_fd =
			kernel_bpf(BPF_ENABLE_STATS, &attr, ATTR_SIZE(enable_stats.type));
		if (kernel->stats_fd < 0)
			error = kernel->stats_fd;
	} else if (!enable && kernel->stats_fd >= 0) {
		close(move_fd(kernel->stats_fd));
	}
	pthread_mutex_unlock(&kernel->stats_lock);
	return error;
}

/* The sysctl switches counting on for all; a descriptor of somebody else's cannot be seen. */
static bool enabled_for_all(void)
{
	cleanup_fclose FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");

	return file && fgetc(file) == '1';
}

int kernel_stats_enabled(struct backend *backend, bool *enabled)
{
	struct kernel_backend *kernel = kernel_backend(backend);

	pthread_mutex_lock(&kernel->stats_lock);
	*enabled = kernel->stats_fd >= 0;
	pthread_mutex_unlock(&kernel->stats_lock);
	*enabled = *enabled || enabled_for_all();
	return 0;
}
