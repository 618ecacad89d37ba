/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes: where requests wait for a device.
 *
 * A device takes as long to answer as it likes, and any number of clients may ask it at once. So
 * no worker of the session waits for one. What asks a device-bound map for its elements is done in
 * the lane of its device, by a few threads that come and go with the need; what comes while all of
 * them are busy waits its turn, and costs a little memory, but no thread. A device that does not
 * answer holds up what is asked of itself, and nothing else.
 *
 * An operation finds out on its way that it needs a device: before the first thing that it asks of
 * it, and before it has changed anything, it calls lane_enter(). On a worker that says
 * -EINPROGRESS; the operation leaves off, whatever it makes of the error, and the function of its
 * request (ll_...) gives it to the lane with LANE_TAKES(), with all that it came with. There it
 * begins anew, and lane_enter() lets it through. What is no operation on elements (the device's
 * own files, .map/info, a listing of the root) never comes here.
 *
 * Who waits for his turn can be interrupted and killed as who waits for the device can: by
 * interrupt.h, which those that run ask for themselves, and an attendant for those that do not.
 */
#ifndef FS_LANE_H
#define FS_LANE_H

#include "call.h"
#include "object.h"

/* At once on one device. The number of devices is the limit to that of threads. */
#define LANE_THREADS 16
/* Of what all who wait their turn have brought to be written; more is refused, ENOBUFS. */
#define LANE_BYTES_MAX ((size_t)64 << 20)

/* -ENOMEM, or the errno of the attendant's thread. */
int lanes_new(struct lanes **lanes);
/*
 * After the session's loop has ended and before the session is destroyed: answers who waits, waits
 * for what runs (which is interrupted then).
 */
void lanes_free(struct lanes *lanes);

/* The device whose lane the calling thread is of; 0: of none, and may not wait for any. */
uint32_t lane_device(void);
/* 0: go on, the map is bound to no device or this is a lane. -EINPROGRESS: leave off. */
int lane_enter(struct request *request, const struct object *map);
/* The same before a map is made on the device of this number. */
int lane_enter_device(struct request *request, uint32_t ifindex);
/* The request belongs to the lane from here on, and to the caller no more. */
void lane_take(struct request *request, const struct call *call);
/*
 * Whether lane_enter() told this request to leave off; if so it is given to the lane, with the
 * fields of its struct call.
 */
#define LANE_TAKES(request, ...)                                                                   \
	((request)->needs.ifindex && (lane_take(request, &(const struct call){__VA_ARGS__}), true))
#define LANE_TAKES_NAMED(request, name, ...)                                                       \
	LANE_TAKES(request, .bytes = (name), .length = strlen(name) + 1, __VA_ARGS__)

#endif
