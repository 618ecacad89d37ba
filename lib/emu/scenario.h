/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scenario file: a JSON object that says what an emulated world holds at its start. The
 * README documents the format; scenario.c has the table of its sections, which are loaded in
 * the table's order, whatever their order in the file.
 *
 * A new section is a function in a file of its own and a line in that table. Faults name the
 * place: "maps[2].elements[0].key: ...". Objects of the file refer to each other by name.
 */
#ifndef BPFUSE_EMU_SCENARIO_H
#define BPFUSE_EMU_SCENARIO_H

#include <jansson.h>
#include "emu/state.h"

struct scenario_object;

struct scenario {
	struct emu *emu;
	const char *file;
	struct fault *fault;
	struct scenario_object *objects; /* the last one first, with their open handles */
	size_t map_count, index;	 /* maps made; position in the array being read */
	char place[256];		 /* the JSON path of what is being read */
};

/* 0, or -errno and a sentence. */
int scenario_load(struct emu *emu, const char *path, struct fault *fault);

/* --- for sections --- */

/* The place goes a step further in, ".name" or "[3]"; leave() with what enter() gave. */
size_t scenario_enter(struct scenario *scenario, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void scenario_leave(struct scenario *scenario, size_t mark);
/* Writes "PLACE: sentence" and returns -error. */
int scenario_fault(struct scenario *scenario, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts the place before the sentence that a callee wrote; returns error. */
int scenario_prefix(struct scenario *scenario, int error);

/* Calls `load` for every element of an array, the place set; stops at the first fault. */
int scenario_each(struct scenario *scenario, json_t *array,
		  int (*load)(struct scenario *scenario, json_t *item));

enum scenario_type {
	SCENARIO_NUMBER, /* to a uint64_t, 0 .. limit (0: any) */
	SCENARIO_TEXT,	 /* to a const char *, which belongs to the JSON */
	SCENARIO_BOOL,	 /* to a bool */
	SCENARIO_JSON,	 /* to a json_t *, of any type; a borrowed reference */
};

/* One member that an object may have; tables of them end with a NULL name. */
struct scenario_member {
	const char *name;
	enum scenario_type type;
	void *result; /* untouched when the member is absent */
	bool required;
	uint64_t limit;
};

/* Reads an object: every member must be in the table and of its type. */
int scenario_members(struct scenario *scenario, json_t *object,
		     const struct scenario_member *members);

/* Hexadecimal digits, two a byte; *length: room, and bytes on the way out. */
int scenario_hex(struct scenario *scenario, const char *text, unsigned char *bytes, size_t *length);

/* Remembers a handle, "" for no name; the scenario closes it at its end. */
int scenario_remember(struct scenario *scenario, const char *name, struct handle *handle);
/* The handle of that kind and name; NULL and a fault if there is none, or more than one. */
struct handle *scenario_find(struct scenario *scenario, enum object_kind kind, const char *name);
/* The same, but no fault: NULL if there is not exactly one. */
struct handle *scenario_look(struct scenario *scenario, enum object_kind kind, const char *name);
/* The map of item `index` of "maps". */
struct handle *scenario_map(struct scenario *scenario, size_t index);

/* --- the sections --- */

int scenario_load_memory(struct scenario *scenario, json_t *json);
int scenario_load_cpus(struct scenario *scenario, json_t *json);
int scenario_load_capabilities(struct scenario *scenario, json_t *json);
int scenario_load_elements(struct scenario *scenario, json_t *json);
int scenario_load_devices(struct scenario *scenario, json_t *json);
int scenario_load_files(struct scenario *scenario, json_t *json);
int scenario_load_struct_ops(struct scenario *scenario, json_t *json);
int scenario_load_maps(struct scenario *scenario, json_t *json);
int scenario_load_programs(struct scenario *scenario, json_t *json);
int scenario_load_links(struct scenario *scenario, json_t *json);
int scenario_load_pins(struct scenario *scenario, json_t *json);

#endif
