//go:build tools

// Package echo names what goes into the image that the suite of Gateway API calls with and calls: Istio's echo.
package echo

import (
	_ "istio.io/istio/pkg/test/echo/cmd/client"
	_ "istio.io/istio/pkg/test/echo/cmd/server"
)
