#pragma once

/* The DNS forwarder: a worker (worker.h) between the agent and the upstream resolvers. It holds no
 * policy and no privilege. A question is read (dnsmsg.h), asked of the guard, sent upstream anew
 * through c-ares when the guard lets it out, and what the answer says goes to the guard, which puts it
 * into the kernel before it may be told.
 *
 * Descriptors that come with SERVE, in this order: listening sockets (UDP and TCP on 127.0.0.1, then
 * both on ::1 if there is one), then sockets for upstreams, which carry netpale's mark and are used
 * again and again: FORWARDER_SOCKETS of UDP, FORWARDER_STREAMS of TCP, for IPv4; the same for IPv6
 * if the kernel has it. What they are each socket says itself (SO_DOMAIN, SO_TYPE, SO_ACCEPTCONN).
 *
 * 127.0.0.11 among the upstreams is Docker's resolver. It is asked first, because only it knows the
 * containers' names. What it does not know itself it may ask of its own servers from within this
 * network namespace; that question is redirected to us as any other (fence), is recognised by its
 * number, name and type, and is then asked of the other upstreams directly. */

#define FORWARDER_SOCKETS 64
#define FORWARDER_STREAMS 8

#define FORWARDER_QUESTIONS 1024   /* under way at a time */
#define FORWARDER_CONNECTIONS 64   /* from clients, by TCP */
#define FORWARDER_IDLE_MS 10000    /* a connection without a question ends */
#define FORWARDER_TRY_MS 1200      /* an upstream silent for so long: another try */
#define FORWARDER_DEADLINE_MS 4500 /* clients give up after 5 s */

int forwarder_main(void);
