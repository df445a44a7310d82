// The thread that a load, or an unload, happens in, so that requests do not wait for it.
//
// A low priority is not enough. Since 6.6 Linux gives the processor to a thread that has had less
// than its share (EEVDF; Stoica and Abdel-Wahab, 1995), which one with a share as small as this
// soon has again, and lets it run for 3 ms or until the next timer interrupt, every 4 ms: ten times
// what a request takes, whose thread waits if it had just been interrupted itself. So a thread in
// the background has the shortest turns that there are, and offers the processor to others after
// each.
//
// Thread-safe: no state.
#pragma once

#include <functional>

namespace trainyard::serving {

// Runs `work` in a thread of its own and waits for it. `background`: in the time that the threads
// which answer requests leave over. `work` is then interrupted by a signal (the last but one of the
// real-time signals) ten thousand times a second: system calls that cannot go on after one return
// EINTR. The threads that `work` starts have its priority, without the interruptions.
//
// The first load must not be in the background: TensorFlow's thread pools are made then, and
// threads inherit the priority of the one that makes them.
void RunAside(bool background, const std::function<void()>& work);

}  // namespace trainyard::serving
