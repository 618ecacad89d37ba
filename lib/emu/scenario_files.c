// SPDX-License-Identifier: BSD-2-Clause
/* Scenario: "files", what maps of sockets, cgroups, perf events and tasks refer to. */
#include <errno.h>
#include <string.h>
#include "emu/file.h"
#include "emu/scenario.h"

static int read_kind(struct scenario *scenario, const char *text, enum emu_file_kind *kind)
{
	static const char *const names[EMU_FILE_KINDS] = {
		[EMU_FILE_PLAIN] = "file",	    [EMU_FILE_PERF_EVENT] = "perf_event",
		[EMU_FILE_CGROUP] = "cgroup",	    [EMU_FILE_TASK] = "task",
		[EMU_FILE_TCP_NEW] = "tcp_new",	    [EMU_FILE_TCP_LISTENING] = "tcp_listening",
		[EMU_FILE_UDP_NEW] = "udp_new",	    [EMU_FILE_UDP_BOUND] = "udp_bound",
		[EMU_FILE_REUSEPORT] = "reuseport", [EMU_FILE_XSK] = "xsk",
	};

	for (*kind = 0; *kind < EMU_FILE_KINDS; ++*kind)
		if (!strcmp(names[*kind], text))
			return 0;
	scenario_enter(scenario, ".type");
	return scenario_fault(scenario, EINVAL,
			      "expected file, perf_event, cgroup, task, tcp_new, tcp_listening, "
			      "udp_new, udp_bound, reuseport or xsk");
}

static int load_file(struct scenario *scenario, json_t *json)
{
	const char *type = NULL;
	uint64_t number = 0;
	const struct scenario_member members[] = {
		{"type", SCENARIO_TEXT, &type, .required = true},
		{"fd", SCENARIO_NUMBER, &number, .required = true, .limit = FD_END - 1},
		{NULL},
	};
	enum emu_file_kind kind;
	int fd, error = scenario_members(scenario, json, members);

	if (!error)
		error = read_kind(scenario, type, &kind);
	if (error)
		return error;
	fd = (int)number;
	error = emu_file_open(&scenario->emu->backend, kind, &fd);
	if (error == -EBUSY || error == -EBADF)
		scenario_enter(scenario, ".fd");
	if (error == -EBUSY)
		return scenario_fault(scenario, EINVAL, "the number %d is taken", fd);
	if (error == -EBADF)
		return scenario_fault(scenario, EINVAL, "expected a number from %d to %d", FD_FIRST,
				      FD_END - 1);
	return error ? scenario_fault(scenario, -error, "%s", strerror(-error)) : 0;
}

int scenario_load_files(struct scenario *scenario, json_t *json)
{
	return scenario_each(scenario, json, load_file);
}
