// SPDX-License-Identifier: BSD-2-Clause
#include "image/report.h"

snapshot_report *report_new(void)
{
	return json_pack("{s:[], s:[]}", "omitted", "notes");
}

static void report_add(snapshot_report *report, const char *list, const char *what, const char *why)
{
	json_array_append_new(json_object_get(report, list),
			      json_pack("{s:s, s:s}", "what", what, "why", why));
}

void report_omit(snapshot_report *report, const char *what, const char *why)
{
	report_add(report, "omitted", what, why);
}

void report_note(snapshot_report *report, const char *what, const char *why)
{
	report_add(report, "notes", what, why);
}

void report_omit_all(snapshot_report *report, const json_t *omitted)
{
	json_array_extend(json_object_get(report, "omitted"), (json_t *)omitted);
}

size_t snapshot_report_omissions(const snapshot_report *report)
{
	return json_array_size(json_object_get(report, "omitted"));
}
