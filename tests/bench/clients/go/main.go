// Go's net/http: one Client, a goroutine for each lane. It speaks as the other clients do: see harness.hpp.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const smallSize = 100

func fail(why any) {
	fmt.Fprintln(os.Stderr, "benchmark client:", why)
	os.Exit(1)
}

func number(i int) int {
	if i >= len(os.Args) {
		return 1
	}
	n, err := strconv.Atoi(os.Args[i])
	if err != nil || n < 1 {
		fail("a number is wrong")
	}
	return n
}

func exchange(client *http.Client, url string) {
	response, err := client.Get(url)
	if err != nil {
		fail(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		fail(err)
	}
	if response.StatusCode != 200 || len(body) != smallSize || body[0] != 'a' {
		fail("the small body is not what was sent")
	}
}

// As many exchanges on each lane as come to it.
func exchanges(client *http.Client, urls []string, count int) {
	var lanes sync.WaitGroup
	turns := make(chan struct{}, count)
	for i := 0; i < count; i++ {
		turns <- struct{}{}
	}
	close(turns)
	for _, url := range urls {
		lanes.Add(1)
		go func(url string) {
			defer lanes.Done()
			for range turns {
				exchange(client, url)
			}
		}(url)
	}
	lanes.Wait()
}

func used() (user, system float64) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return float64(usage.Utime.Nano()) / 1e9, float64(usage.Stime.Nano()) / 1e9
}

func main() {
	if len(os.Args) < 4 || len(os.Args) > 6 || os.Args[2] != "get" {
		fail("usage: client URL get COUNT [CONCURRENCY [HOSTS]]")
	}
	address, err := url.Parse(os.Args[1])
	if err != nil {
		fail(err)
	}
	count, concurrency, hosts := number(3), number(4), number(5)
	urls := make([]string, concurrency)
	for lane := range urls {
		to := *address
		if hosts > 1 {
			to.Host = fmt.Sprintf("127.0.0.%d:%s", 1+lane%hosts, address.Port())
		}
		urls[lane] = to.String()
	}
	transport := &http.Transport{MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency}
	client := &http.Client{Transport: transport}

	warmUp := 100
	if 2*concurrency > warmUp {
		warmUp = 2 * concurrency
	}
	exchanges(client, urls, warmUp)
	user, system := used()
	begun := time.Now()
	exchanges(client, urls, count)
	wall := time.Since(begun).Seconds()
	userAfter, systemAfter := used()
	fmt.Printf("requests=%d bytes=%d user=%.6f sys=%.6f wall=%.6f\n", count, count*smallSize, userAfter-user,
		systemAfter-system, wall)
}
