/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IMAGE_REPORT_H
#define IMAGE_REPORT_H

#include <bpfuse/snapshot.h>

snapshot_report *report_new(void);
void report_omit(snapshot_report *report, const char *what, const char *why);
void report_note(snapshot_report *report, const char *what, const char *why);
/* The same to the list itself; nothing where notes is NULL: nobody wants them. */
void notes_add(json_t *notes, const char *what, const char *why);
/* Appends all of an array of {"what","why"} to "omitted". */
void report_omit_all(snapshot_report *report, const json_t *omitted);

/* `progress` may be NULL. */
static inline int progress_report(const struct snapshot_progress *progress, const char *what,
				  uint64_t done, uint64_t total)
{
	return progress && progress->report ? progress->report(progress->context, what, done, total)
					    : 0;
}

#endif
