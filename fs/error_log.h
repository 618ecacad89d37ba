/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error.log: the last 64 refused operations, newest last, one line each:
 *   TIME pid=PID PATH: what was expected and what came
 */
#ifndef FS_ERROR_LOG_H
#define FS_ERROR_LOG_H

#include <sys/types.h>
#include <bpfuse/buffer.h>
#include "node.h"

struct error_log *error_log_new(void);
void error_log_free(struct error_log *log);
/* error: positive errno, whose words end the line. */
void error_log_add(struct error_log *log, pid_t pid, const char *path, const char *sentence,
		   int error);

extern const struct node_kind kind_error_log;

#endif
