package design

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// grain is how many documents are worth handing to another goroutine.
const grain = 32

// inParallel works on n things, in parts of them and on all processors. It returns when all is done. A panic of the work
// is one of the caller, who may know what to do about it.
func inParallel(n int, work func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+grain-1)/grain)
	if workers <= 1 {
		work(0, n)
		return
	}
	var (
		next  atomic.Int64
		group sync.WaitGroup
		cause atomic.Value
	)
	for range workers {
		group.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					cause.CompareAndSwap(nil, panicked{r})
				}
			}()
			for {
				to := int(next.Add(grain))
				if to-grain >= n {
					return
				}
				work(to-grain, min(to, n))
			}
		})
	}
	group.Wait()
	if p, ok := cause.Load().(panicked); ok {
		panic(p.cause)
	}
}

type panicked struct{ cause any }
