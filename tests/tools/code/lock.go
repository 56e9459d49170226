// Package lock opens and closes the lock of a canal.
package lock

import (
	"context"
	"fmt"
)

const gates = 2

const (
	Open  State = iota
	Closed
	Low, High = 1, 2
)

var queue []string

var (
	level   float64
	opened  = map[string]bool{
		"upper": false,
	}
)

// State of a gate.
type State int

type Gate struct {
	Name  string
	state State
}

type (
	// Keeper works at a gate.
	Keeper interface {
		fmt.Stringer
		Work(ctx context.Context, gate *Gate) error
		Rest()
	}
	Pair[T any] struct{ first, second T }
)

type Handler = func(gate *Gate) error

// NewGate makes a gate that is closed.
func NewGate(name string) *Gate {
	return &Gate{Name: name, state: Closed}
}

// Lift opens it.
func (g *Gate) Lift(ctx context.Context) (err error) {
	check := func() error { return ctx.Err() }
	g.state = Open
	return check()
}

func (p Pair[T]) Swap() Pair[T] {
	return Pair[T]{p.second, p.first}
}

func Map[T, U any](items []T, f func(T) U) []U {
	var mapped []U
	for _, item := range items {
		mapped = append(mapped, f(item))
	}
	return mapped
}

func (Gate) String() string { return "gate" }
