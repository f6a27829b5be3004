#pragma once

/* The few language extensions every module may use. */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* CLEANUP(plan_freep) runs plan_freep(&variable) when the variable leaves its scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* TAKE(p) hands the pointer over and leaves NULL behind, so that its CLEANUP does nothing. */
#define TAKE(p)                                                                          \
	__extension__({                                                                  \
		__typeof__(p) taken_ = (p);                                              \
		(p) = NULL;                                                              \
		taken_;                                                                  \
	})

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Defines S_freep(struct S **), the cleanup function that belongs to S_free(struct S *). */
#define DEFINE_FREEP(name)                                                               \
	static inline void name##_freep(struct name **p)                                 \
	{                                                                                \
		name##_free(*p);                                                         \
	}
