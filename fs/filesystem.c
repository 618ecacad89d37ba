// SPDX-License-Identifier: BSD-2-Clause
#include "filesystem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpfuse/control.h>
#include "error_log.h"
#include "formats.h"
#include "lane.h"
#include "node.h"
#include "object.h"
#include "seen.h"
#include "tree.h"

int filesystem_open(struct filesystem *fs, const struct options *options, const char *mountpoint,
		    struct fault *fault)
{
	const struct backend_options how = {
		.read_only = options->read_only,
		.read_write = options->read_write,
	};
	fs->options = *options;
	fs->uid = getuid();
	fs->gid = getgid();
	clock_gettime(CLOCK_REALTIME, &fs->started);
	int rc = formats_open(options->formats, &fs->formats, fault);
	if (!rc)
		rc = backend_open(options->source, &how, &fs->backend, fault);
	if (rc)
		return rc;
	fs->log = error_log_new();
	fs->seen = seen_new();
	fs->nodes = node_table_new(&kind_root);
	if (control_open(fs->backend, &fs->control) || !fs->log || !fs->seen || !fs->nodes ||
	    backend_add_root(fs->backend, mountpoint))
		return fault_set(fault, ENOMEM, "out of memory");
	return 0;
}

int filesystem_start(struct filesystem *fs, struct fault *fault)
{
	int rc = object_cache_new(&fs->objects);
	if (!rc)
		rc = lanes_new(&fs->lanes);
	if (rc)
		return fault_set(fault, -rc, "cannot start a thread: %s", strerror(-rc));
	return 0;
}

void filesystem_stop(struct filesystem *fs)
{
	fs->ending = true;
	lanes_free(fs->lanes);
	fs->lanes = NULL;
}

void filesystem_close(struct filesystem *fs)
{
	filesystem_stop(fs);
	object_cache_free(fs->objects);
	node_table_free(fs->nodes);
	formats_close(fs->formats);
	seen_free(fs->seen);
	error_log_free(fs->log);
	backend_close(fs->control);
	backend_close(fs->backend);
}
