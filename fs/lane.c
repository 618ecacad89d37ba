// SPDX-License-Identifier: BSD-2-Clause
#include "lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpfuse/interrupt.h>
#include "reply.h"
#include "worker.h"

#define IDLE_SECONDS 1 /* until a thread without work ends */

/* A request that waits its turn. */
struct parked {
	struct parked *next;
	fuse_req_t req;
	struct waiting waiting;
	struct call call;
	char bytes[];
};

struct lane {
	struct lane *next;
	struct lanes *lanes;
	struct lane_device device;
	unsigned threads, idle;
	struct parked *first, **last;
	unsigned parked;
	pthread_cond_t work;
};

struct lanes {
	struct worker attendant; /* its lock is that of all below */
	struct lane *first;
	unsigned parked;
	size_t bytes;
	pthread_cond_t left; /* a lane has ended */
};

static __thread uint32_t here; /* the device of this thread's lane */

/* --- what waits; all under the lock --- */

static void append(struct lane *lane, struct parked *parked)
{
	*lane->last = parked;
	lane->last = &parked->next;
	lane->parked++;
	lane->lanes->parked++;
	lane->lanes->bytes += parked->call.length;
}

/* What `link` points to leaves its lane. */
static struct parked *take(struct lane *lane, struct parked **link)
{
	struct parked *parked = *link;
	*link = parked->next;
	if (!parked->next)
		lane->last = link;
	lane->parked--;
	lane->lanes->parked--;
	lane->lanes->bytes -= parked->call.length;
	return parked;
}

/* Those that `leaves` says, as a list. */
static struct parked *take_all(struct lanes *lanes, bool (*leaves)(struct parked *parked))
{
	struct parked *taken = NULL;
	for (struct lane *lane = lanes->first; lane; lane = lane->next) {
		struct parked **link = &lane->first;
		while (*link) {
			if (!leaves(*link)) {
				link = &(*link)->next;
				continue;
			}
			struct parked *parked = take(lane, link);
			parked->next = taken;
			taken = parked;
		}
	}
	return taken;
}

/* Without the lock. */
static void answer_all(struct parked *parked, int error)
{
	while (parked) {
		struct parked *next = parked->next;
		fuse_reply_err(parked->req, error);
		free(parked);
		parked = next;
	}
}

/* --- lanes and their threads; under the lock --- */

static bool is_lane_of(const struct lane *lane, const struct lane_device *device)
{
	return lane->device.ifindex == device->ifindex &&
	       lane->device.netns_ino == device->netns_ino;
}

static struct lane *lane_new(struct lanes *lanes, const struct lane_device *device)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->lanes = lanes;
	lane->device = *device;
	lane->last = &lane->first;
	worker_condition(&lane->work);
	lane->next = lanes->first;
	lanes->first = lane;
	return lane;
}

static void lane_free(struct lane *lane)
{
	struct lane **link = &lane->lanes->first;
	while (*link != lane)
		link = &(*link)->next;
	*link = lane->next;
	pthread_cond_signal(&lane->lanes->left);
	pthread_cond_destroy(&lane->work);
	free(lane);
}

static struct lane *lane_of(struct lanes *lanes, const struct lane_device *device)
{
	struct lane *lane = lanes->first;
	while (lane && !is_lane_of(lane, device))
		lane = lane->next;
	return lane ? lane : lane_new(lanes, device);
}

/* NULL: there was nothing to do for a while. */
static struct parked *next_parked(struct lane *lane)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	lane->idle++;
	while (!lane->first && !lane->lanes->attendant.stopping &&
	       pthread_cond_timedwait(&lane->work, &lane->lanes->attendant.lock, &until) !=
		       ETIMEDOUT)
		;
	lane->idle--;
	return lane->first ? take(lane, &lane->first) : NULL;
}

static void *lane_run(void *argument)
{
	struct lane *lane = argument;
	struct worker *attendant = &lane->lanes->attendant;
	struct parked *parked;
	here = lane->device.ifindex;
	pthread_mutex_lock(&attendant->lock);
	while ((parked = next_parked(lane))) {
		pthread_mutex_unlock(&attendant->lock);
		call_begin(parked->req, &parked->call);
		free(parked);
		pthread_mutex_lock(&attendant->lock);
	}
	if (--lane->threads == 0)
		lane_free(lane);
	pthread_mutex_unlock(&attendant->lock);
	return NULL;
}

static int lane_thread(struct lane *lane)
{
	pthread_attr_t detached;
	pthread_t thread;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	int rc = pthread_create(&thread, &detached, lane_run, lane);
	pthread_attr_destroy(&detached);
	lane->threads += !rc;
	return -rc;
}

/* A thread for what was appended, if there may be one more and none is idle. */
static int lane_wake(struct lane *lane)
{
	int rc = 0;
	if (lane->parked <= lane->idle)
		pthread_cond_signal(&lane->work);
	else if (lane->threads < LANE_THREADS)
		rc = lane_thread(lane);
	return lane->threads ? 0 : rc;
}

/* --- the attendant --- */

static bool is_given_up(struct parked *parked)
{
	return request_given_up(parked->req, &parked->waiting);
}

static void *attend(void *argument)
{
	struct lanes *lanes = argument;
	struct worker *attendant = &lanes->attendant;
	pthread_mutex_lock(&attendant->lock);
	while (!attendant->stopping) {
		if (!lanes->parked) {
			pthread_cond_wait(&attendant->wake, &attendant->lock);
			continue;
		}
		worker_pause(attendant, INTERRUPT_PERIOD_NS);
		struct parked *given_up = take_all(lanes, is_given_up);
		pthread_mutex_unlock(&attendant->lock);
		answer_all(given_up, EINTR);
		pthread_mutex_lock(&attendant->lock);
	}
	pthread_mutex_unlock(&attendant->lock);
	return NULL;
}

int lanes_new(struct lanes **lanes)
{
	struct lanes *made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	pthread_cond_init(&made->left, NULL);
	int rc = worker_start(&made->attendant, attend, made);
	if (rc) {
		pthread_cond_destroy(&made->left);
		free(made);
		return rc;
	}
	*lanes = made;
	return 0;
}

static bool every(struct parked *parked)
{
	return true;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	struct worker *attendant = &lanes->attendant;
	pthread_mutex_lock(&attendant->lock);
	attendant->stopping = true;
	struct parked *left = take_all(lanes, every);
	for (struct lane *lane = lanes->first; lane; lane = lane->next)
		pthread_cond_broadcast(&lane->work);
	pthread_mutex_unlock(&attendant->lock);
	answer_all(left, ECONNABORTED);
	pthread_mutex_lock(&attendant->lock);
	while (lanes->first)
		pthread_cond_wait(&lanes->left, &attendant->lock);
	pthread_mutex_unlock(&attendant->lock);
	worker_stop(attendant);
	pthread_cond_destroy(&lanes->left);
	free(lanes);
}

/* --- requests --- */

uint32_t lane_device(void)
{
	return here;
}

static int enter(struct request *request, uint32_t ifindex, uint64_t netns_ino)
{
	if (here)
		return 0;
	request->needs = (struct lane_device){ifindex, netns_ino};
	return -EINPROGRESS;
}

int lane_enter(struct request *request, const struct object *map)
{
	return map->info.ifindex ? enter(request, map->info.ifindex, map->info.netns_ino) : 0;
}

int lane_enter_device(struct request *request, uint32_t ifindex)
{
	struct device_info device = {0};
	device_by_ifindex(request->fs->backend, ifindex, &device);
	return enter(request, ifindex, device.netns_ino);
}

static struct parked *parked_new(const struct request *request, const struct call *call)
{
	struct parked *parked = malloc(sizeof(*parked) + call->length);
	if (!parked)
		return NULL;
	*parked = (struct parked){.req = request->req, .waiting.pid = request->pid, .call = *call};
	if (call->length)
		memcpy(parked->bytes, call->bytes, call->length);
	parked->call.bytes = parked->bytes;
	return parked;
}

/* Under the lock. */
static int park(struct lanes *lanes, const struct lane_device *device, struct parked *parked)
{
	if (lanes->bytes + parked->call.length > LANE_BYTES_MAX)
		return -ENOBUFS;
	struct lane *lane = lane_of(lanes, device);
	if (!lane)
		return -ENOMEM;
	append(lane, parked);
	int rc = lane_wake(lane);
	if (rc) {
		take(lane, &lane->first);
		lane_free(lane);
		return rc;
	}
	pthread_cond_signal(&lanes->attendant.wake);
	return 0;
}

static int hand_over(struct request *request, const struct call *call)
{
	struct lanes *lanes = request->fs->lanes;
	struct parked *parked = parked_new(request, call);
	if (!parked)
		return -ENOMEM;
	pthread_mutex_lock(&lanes->attendant.lock);
	int rc = park(lanes, &request->needs, parked);
	pthread_mutex_unlock(&lanes->attendant.lock);
	if (rc)
		free(parked);
	return rc;
}

void lane_take(struct request *request, const struct call *call)
{
	request->fault.text[0] = '\0';
	int rc = hand_over(request, call);
	if (rc == -ENOBUFS)
		fault_set(&request->fault, ENOBUFS,
			  "the device does not answer, and %zu MiB wait to be written to it",
			  LANE_BYTES_MAX >> 20);
	if (rc)
		reply_status(request, node_of(request, call->nodeid), NULL, rc);
}
