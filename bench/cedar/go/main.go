// cedar-go under the same driver as cedar_bench: same folders, same options, same lines (engine "go").
// It has no templates: a link is its template's text with the entities written in.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
)

type link struct {
	TemplateID string                       `json:"templateId"`
	NewID      string                       `json:"newId"`
	Values     map[string]map[string]string `json:"values"`
}

type texts struct {
	policies, entities []byte
	templates          map[string]string
	links              []link
	requests           [][]byte
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "cedar-go:", err)
		os.Exit(2)
	}
	return value
}

func read(dir, name, otherwise string) []byte {
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return []byte(otherwise)
	}
	return content
}

func load(dir string, most int) texts {
	found := texts{policies: read(dir, "policies.cedar", ""), entities: read(dir, "entities.json", "[]")}
	must(0, json.Unmarshal(read(dir, "templates.json", "{}"), &found.templates))
	must(0, json.Unmarshal(read(dir, "links.json", "[]"), &found.links))
	for line := range strings.SplitSeq(string(read(dir, "requests.jsonl", "")), "\n") {
		if line != "" && len(found.requests) < most {
			found.requests = append(found.requests, []byte(line))
		}
	}
	return found
}

func uid(value map[string]string) string {
	return string(cedar.NewEntityUID(cedar.EntityType(value["type"]), cedar.String(value["id"])).MarshalCedar())
}

func policies(given texts) *cedar.PolicySet {
	set := must(cedar.NewPolicySetFromBytes("policies.cedar", given.policies))
	for _, one := range given.links {
		text := given.templates[one.TemplateID]
		for slot, value := range one.Values {
			text = strings.ReplaceAll(text, slot, uid(value))
		}
		var policy cedar.Policy
		must(0, policy.UnmarshalCedar([]byte(text)))
		set.Add(cedar.PolicyID(one.NewID), &policy)
	}
	return set
}

func entities(given texts) cedar.EntityMap {
	var found cedar.EntityMap
	must(0, json.Unmarshal(given.entities, &found))
	return found
}

func request(line []byte) cedar.Request {
	var found cedar.Request
	must(0, json.Unmarshal(line, &found))
	return found
}

type report struct {
	name     string
	policies int
}

func (r report) line(what string, all, best []int64) {
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	slices.Sort(best)
	at := func(list []int64, share float64) int64 {
		return list[min(int(float64(len(list))*share), len(list)-1)]
	}
	sum := int64(0)
	for _, one := range all {
		sum += one
	}
	fmt.Printf(`{"engine":"go","case":%q,"policies":%d,"what":%q,"n":%d,"min_ns":%d,"p50_ns":%d,"p99_ns":%d,"mean_ns":%d,"p50_best_ns":%d}`+"\n",
		r.name, r.policies, what, len(all), all[0], at(all, 0.5), at(all, 0.99), sum/int64(len(all)), at(best, 0.5))
}

func (r report) measure(what string, items int, budget float64, one func(int)) {
	var all []int64
	best := make([]int64, items)
	for i := range best {
		best[i] = math.MaxInt64
	}
	end := time.Now().Add(time.Duration(budget * float64(time.Second)))
	for round := 0; round < 3 || (time.Now().Before(end) && len(all) < 20_000_000); round++ {
		for i := range items {
			start := time.Now()
			one(i)
			took := time.Since(start).Nanoseconds()
			all = append(all, took)
			best[i] = min(best[i], took)
		}
	}
	r.line(what, all, best)
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func mallocs() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.Mallocs)
}

func main() {
	runtime.GOMAXPROCS(1)
	budget := flag.Float64("budget", 2, "")
	most := flag.Int("requests", math.MaxInt, "")
	answers := flag.String("answers", "", "")
	flag.Parse()
	given := load(flag.Arg(0), *most)
	before := heap()
	set := policies(given)
	known := entities(given)
	memory := heap() - before
	requests := make([]cedar.Request, 0, len(given.requests))
	for _, line := range given.requests {
		requests = append(requests, request(line))
	}

	if *answers != "" {
		file := must(os.Create(*answers))
		out := bufio.NewWriter(file)
		for _, one := range requests {
			decision, diagnostic := cedar.Authorize(set, known, one)
			reason, errors := []string{}, []string{}
			for _, found := range diagnostic.Reasons {
				reason = append(reason, string(found.PolicyID))
			}
			for _, found := range diagnostic.Errors {
				errors = append(errors, string(found.PolicyID))
			}
			slices.Sort(reason)
			slices.Sort(errors)
			fmt.Fprintf(out, `{"decision":%q,"reason":%s,"errors":%s}`+"\n", decision.String(),
				must(json.Marshal(reason)), must(json.Marshal(errors)))
		}
		must(0, out.Flush())
		must(0, file.Close())
		return
	}

	count := 0
	for range set.All() {
		count++
	}
	r := report{filepath.Base(flag.Arg(0)), count}
	share := *budget / 8
	allowed := 0
	r.measure("authorize", len(requests), *budget, func(i int) {
		if decision, _ := cedar.Authorize(set, known, requests[i]); decision == cedar.Allow {
			allowed++
		}
	})
	r.measure("build_request", len(requests), share, func(i int) { request(given.requests[i]) })
	r.measure("authorize_json", len(requests), share, func(i int) {
		if decision, _ := cedar.Authorize(set, known, request(given.requests[i])); decision == cedar.Allow {
			allowed++
		}
	})
	r.measure("parse_policies", 1, share, func(int) { policies(given) })
	r.measure("parse_entities", 1, share, func(int) { entities(given) })
	var counts []int64
	for _, one := range requests {
		start := mallocs()
		cedar.Authorize(set, known, one)
		counts = append(counts, mallocs()-start)
	}
	r.line("allocations", counts, slices.Clone(counts))
	r.line("memory", []int64{memory}, []int64{memory})
	runtime.KeepAlive(set)
	runtime.KeepAlive(known)
}
