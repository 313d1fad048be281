"""An app class with the signatures of Flask 3.2, where the context is an argument."""

import inspect
from typing import Any, cast

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

_HAS_THEM = "ctx" in inspect.signature(Flask.full_dispatch_request).parameters

Flask32: type[Flask] = Flask

if not _HAS_THEM:

    class _Flask32(Flask):
        """Dispatches as Flask 3.2 does; a call without the context fails, as it does there."""

        def wsgi_app(self, environ: Any, start_response: Any) -> Any:
            with self.request_context(environ) as ctx:
                try:
                    response = self.full_dispatch_request(ctx)
                except Exception as error:  # noqa: BLE001 - as Flask does
                    response = self.handle_exception(ctx, error)
                return response(environ, start_response)

        def full_dispatch_request(self, ctx: Any) -> Response:  # type: ignore[override] # of 3.2
            try:
                answer = self.preprocess_request(ctx)
                if answer is None:
                    answer = self.dispatch_request(ctx)
            except Exception as error:  # noqa: BLE001 - as Flask does
                answer = self.handle_user_exception(ctx, error)
            return self.finalize_request(ctx, answer)

        def preprocess_request(  # type: ignore[override] # of 3.2
            self, ctx: Any
        ) -> ResponseReturnValue | None:
            assert ctx.request
            return super().preprocess_request()

        def dispatch_request(self, ctx: Any) -> ResponseReturnValue:  # type: ignore[override] # of 3.2
            request = ctx.request
            if request.routing_exception is not None:
                self.raise_routing_exception(request)
            if request.method == "OPTIONS" and request.url_rule.provide_automatic_options:
                return self.make_default_options_response(ctx)
            view = self.ensure_sync(self.view_functions[request.endpoint])
            return cast(ResponseReturnValue, view(**request.view_args))

        def make_default_options_response(  # type: ignore[override] # of 3.2
            self, ctx: Any
        ) -> Response:
            response = self.response_class()
            response.allow.update(ctx.url_adapter.allowed_methods())
            return response

        def handle_user_exception(  # type: ignore[override] # of 3.2
            self, ctx: Any, error: Exception
        ) -> HTTPException | ResponseReturnValue:
            if isinstance(error, HTTPException):
                return self.handle_http_exception(ctx, error)
            return super().handle_user_exception(error)

        def handle_http_exception(  # type: ignore[override] # of 3.2
            self, ctx: Any, error: HTTPException
        ) -> HTTPException | ResponseReturnValue:
            assert ctx.request
            return super().handle_http_exception(error)

        def handle_exception(self, ctx: Any, error: Exception) -> Response:  # type: ignore[override] # of 3.2
            self.log_exception(ctx, error)
            return self.response_class(status=500)

        def log_exception(self, ctx: Any, error: Any) -> None:  # type: ignore[override] # of 3.2
            self.logger.error(ctx.request.path, exc_info=error)

        def finalize_request(  # type: ignore[override] # of 3.2
            self, ctx: Any, answer: Any
        ) -> Response:
            return self.process_response(ctx, self.make_response(answer))

        def process_response(self, ctx: Any, response: Response) -> Response:  # type: ignore[override] # of 3.2
            assert ctx.request
            return super().process_response(response)

    Flask32 = _Flask32
