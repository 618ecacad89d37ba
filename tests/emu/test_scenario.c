// SPDX-License-Identifier: BSD-2-Clause
/* Scenario files: what they build, and where their faults say they are. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "emu_test.h"

/* Writes the text to a file and opens it; single quotes stand for double ones. */
static int load(const char *text, struct backend **world, struct fault *fault)
{
	char path[] = "/tmp/scenario-XXXXXX";
	int error, fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	for (; *text; text++)
		fputc(*text == '\'' ? '"' : *text, file);
	fclose(file);
	error = emu_open(path, world, fault);
	unlink(path);
	return error;
}

static void expect_fault(const char *text, const char *place)
{
	struct fault fault = FAULT_INIT;
	struct backend *world;

	cr_assert_eq(load(text, &world, &fault), -EINVAL, "%s", text);
	cr_assert(strstr(fault.text, place), "%s: not in: %s", place, fault.text);
}

Test(scenario, builds_a_world)
{
	cleanup_with(world_close) struct backend *world = NULL;
	HANDLE(map);
	HANDLE(prog);
	HANDLE(link);
	struct prog_info info;
	struct link_info where;
	struct stat st;
	uint64_t value[4];
	uint32_t key = 1;

	cr_assert_eq(load("{'cpus':4,"
			  "'maps':[{'name':'a','type':'hash','key':'u32','value':'u64',"
			  "  'entries':8,'elements':[{'key':1,'value':42}]},"
			  " {'name':'b','type':'percpu_array','key':4,'value':8,'entries':2,"
			  "  'elements':[{'key':1,'value':[1,2,3,4]}],'frozen':true}],"
			  "'programs':[{'name':'p','type':'xdp','maps':['a','b'],"
			  "  'tag':'0102030405060708'}],"
			  "'links':[{'name':'l','type':'xdp','prog':'p','detail':{'ifindex':1}}],"
			  "'pins':[{'path':'d/a','map':'a','mode':'0640','uid':7},"
			  " {'path':'p','prog':'p'},{'path':'l','link':'l'},"
			  " {'path':'s','symlink':'d'}]}",
			  &world, NULL),
		     0);
	cr_assert_eq(world->possible_cpus, 4);
	cr_assert_eq(pin_open(world, "s/a", 0, &map), 0);
	cr_assert_eq(get(map, 1, value), 0);
	cr_assert_eq(value[0], 42);
	cr_assert_eq(tree_stat(world, "d/a", &st), 0);
	cr_assert_eq(st.st_mode, S_IFREG | 0640);
	cr_assert_eq(st.st_uid, 7);
	cr_assert_eq(pin_open(world, "p", 0, &prog), 0);
	cr_assert_eq(prog_info(prog, &info), 0);
	cr_assert_eq(info.map_count, 2);
	cr_assert_eq(info.tag[7], 8);
	handle_close(map);
	/* Nothing but the program holds it. */
	cr_assert_eq(object_open(world, OBJECT_MAP, info.map_ids[1], 0, &map), 0);
	prog_info_free(&info);
	cr_assert_eq(map_lookup(map, &key, value, 0), 0);
	cr_assert_eq(value[3], 4);
	cr_assert_eq(map_update(map, &key, value, 0), -EPERM);
	cr_assert_eq(pin_open(world, "l", 0, &link), 0);
	cr_assert_eq(link_info(link, &where), 0);
	cr_assert_eq(json_integer_value(json_object_get(where.detail, "ifindex")), 1);
	link_info_free(&where);
	cr_assert_eq(link_detach(link), 0);
	cr_assert_eq(link_info(link, &where), 0);
	cr_assert_eq(json_integer_value(json_object_get(where.detail, "ifindex")), 0);
	link_info_free(&where);
}

Test(scenario, faults_name_the_place)
{
	expect_fault("{\n'maps':[\n{'type' 1\n", ":3:");
	expect_fault("[]", "expected an object");
	expect_fault("{'mpas':[]}", "unknown section");
	expect_fault("{'maps':{}}", "maps: expected an array");
	expect_fault("{'maps':[{'type':'hash','size':3}]}", "maps[0].size: unknown member");
	expect_fault("{'maps':[{}]}", "maps[0]: the member \"type\" is missing");
	expect_fault("{'maps':[{'type':'hush'}]}", "maps[0]: 'hush' is no map type");
	expect_fault("{'maps':[{'type':'hash','key':'u9'}]}", "maps[0].key: ");
	expect_fault("{'maps':[{'type':'hash','key':4,'value':8}]}", "maps[0]: ");
	expect_fault("{'maps':[{'type':'array','key':4,'value':4,'entries':1},"
		     "{'type':'hash','key':4,'value':8,'entries':1,"
		     "'elements':[{'key':1,'value':1},{'key':'x','value':1}]}]}",
		     "maps[1].elements[1].key: ");
	expect_fault("{'pins':[{'path':'a','map':'none'}]}", "pins[0]: no map is called");
	expect_fault("{'pins':[{'path':'a'}]}", "pins[0]: expected one of");
	expect_fault("{'programs':[{'type':'xpd'}]}", "programs[0].type: ");
	expect_fault("{'cpus':0}", "cpus: ");
	expect_fault("{'capabilities':['CAP_KILL']}", "capabilities[0]: ");
}

Test(scenario, capabilities_are_those_of_the_users)
{
	cleanup_with(world_close) struct backend *world = NULL;
	HANDLE(map);
	uint32_t id;

	cr_assert_eq(load("{'maps':[{'type':'array','key':4,'value':4,'entries':1,'name':'a'}],"
			  "'pins':[{'path':'a','map':'a'}],'capabilities':[]}",
			  &world, NULL),
		     0);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, &map), -EPERM);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 3, 4, 1, 0, &map), -EINVAL);
	cr_assert_eq(object_next(world, OBJECT_MAP, 0, &id), -EPERM);
	cr_assert_eq(object_open(world, OBJECT_MAP, 1, 0, &map), -EPERM);
	cr_assert_eq(pin_open(world, "a", 0, &map), 0);
	emu_set_capabilities(world, EMU_CAP_BPF);
	handle_close(map);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, &map), 0);
	cr_assert_eq(object_next(world, OBJECT_MAP, 0, &id), -EPERM);
}

Test(scenario, memory_has_a_bound)
{
	cleanup_with(world_close) struct backend *world = NULL;
	HANDLE(map);
	HANDLE(big);

	cr_assert_eq(load("{'memory':1000000}", &world, NULL), 0);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 8, UINT32_MAX, 0, &big), -ENOMEM);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 8, 100000, 0, &map), 0);
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 8, 100000, 0, &big), -ENOMEM);
	handle_close(map);
	map = NULL;
	cr_assert_eq(create(world, BPF_MAP_TYPE_ARRAY, 4, 8, 100000, 0, &big), 0);
}

Test(scenario, files_and_records_are_there)
{
	cleanup_with(world_close) struct backend *world = NULL;
	HANDLE(map);
	HANDLE(ring);
	struct stream *stream;
	uint64_t value, lost;
	size_t length;
	void *record;

	cr_assert_eq(load("{'files':[{'type':'udp_bound','fd':40}],"
			  "'maps':[{'name':'s','type':'sockmap','key':4,'value':8,'entries':2},"
			  "{'name':'r','type':'ringbuf','entries':4096,"
			  " 'records':['hex-0a0b','text']}],"
			  "'pins':[{'path':'s','map':'s'},{'path':'r','map':'r'}]}",
			  &world, NULL),
		     0);
	cr_assert_eq(pin_open(world, "s", 0, &map), 0);
	cr_assert_eq(put(map, 1, 41, 0), -EBADF);
	cr_assert_eq(put(map, 1, 40, 0), 0);
	cr_assert_eq(get(map, 1, &value), 0);
	cr_assert_eq(pin_open(world, "r", 0, &ring), 0);
	cr_assert_eq(stream_open(ring, &stream), 0);
	cr_assert_eq(world->ops->stream_read(stream, &record, &length, &lost), 0);
	cr_assert_eq(length, 2);
	cr_assert_eq(memcmp(record, "\x0a\x0b", 2), 0);
	free(record);
	world->ops->stream_close(stream);
	expect_fault("{'files':[{'type':'socket','fd':40}]}", "files[0].type: ");
	expect_fault("{'files':[{'type':'xsk','fd':1}]}", "files[0].fd: ");
	expect_fault("{'maps':[{'type':'array','key':4,'value':4,'entries':1,'records':['a']}]}",
		     "maps[0].records[0]: ");
}
