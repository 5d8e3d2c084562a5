// Asio's own code, for the test program of this module: the product gets it from src/http.

#include <boost/asio/impl/src.hpp>
