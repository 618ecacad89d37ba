// SPDX-License-Identifier: BSD-2-Clause
/* SOURCE, the first word of a mount: which backend it names. */
#include <errno.h>
#include <string.h>
#include <bpfuse/backend.h>
#include <bpfuse/snapshot.h>
#include "emu/emu.h"
#include "kernel/kernel.h"

static int emulated_open(const char *nothing, const struct backend_options *options,
			 struct backend **backend, struct fault *fault)
{
	return emu_open(NULL, backend, fault);
}

static int scenario_open(const char *scenario, const struct backend_options *options,
			 struct backend **backend, struct fault *fault)
{
	if (!*scenario)
		return fault_set(fault, EINVAL,
				 "emu: names no scenario: expected emu:SCENARIO.json, or emu for "
				 "an empty world");
	return emu_open(scenario, backend, fault);
}

static int image_open(const char *directory, const struct backend_options *options,
		      struct backend **backend, struct fault *fault)
{
	if (!*directory)
		return fault_set(fault, EINVAL,
				 "image: names no snapshot: expected image:DIR, a directory that "
				 "'bpfsnap dump' made");
	return snapshot_mount(directory, options, backend, fault);
}

/* SOURCE words; anything that starts with none of them is a directory on bpffs. */
static const struct source {
	const char *word;
	bool alone; /* the whole of SOURCE, not what comes before the rest */
	int (*open)(const char *rest, const struct backend_options *options,
		    struct backend **backend, struct fault *fault);
} sources[] = {
	{"emu", true, emulated_open},
	{"emu:", false, scenario_open},
	{"image:", false, image_open},
	{"", false, kernel_open},
};

static bool source_matches(const struct source *source, const char *text)
{
	return source->alone ? !strcmp(text, source->word)
			     : !strncmp(text, source->word, strlen(source->word));
}

int backend_open(const char *source, const struct backend_options *options,
		 struct backend **backend, struct fault *fault)
{
	static const struct backend_options defaults;
	const struct source *kind = sources;
	int error;

	if (!options)
		options = &defaults;
	while (!source_matches(kind, source))
		kind++;
	error = kind->open(source + strlen(kind->word), options, backend, fault);
	if (!error && options->read_only)
		(*backend)->read_only = true;
	return error;
}
