// SPDX-License-Identifier: BSD-2-Clause
#include "image/report.h"

snapshot_report *report_new(void)
{
	return json_pack("{s:[], s:[]}", "omitted", "notes");
}

void notes_add(json_t *notes, const char *what, const char *why)
{
	if (notes)
		json_array_append_new(notes, json_pack("{s:s, s:s}", "what", what, "why", why));
}

void report_omit(snapshot_report *report, const char *what, const char *why)
{
	notes_add(json_object_get(report, "omitted"), what, why);
}

void report_note(snapshot_report *report, const char *what, const char *why)
{
	notes_add(json_object_get(report, "notes"), what, why);
}

void report_omit_all(snapshot_report *report, const json_t *omitted)
{
	json_array_extend(json_object_get(report, "omitted"), (json_t *)omitted);
}

size_t snapshot_report_omissions(const snapshot_report *report)
{
	return json_array_size(json_object_get(report, "omitted"));
}
