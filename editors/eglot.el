;; Emacs 29 and later, whose eglot this is; before, install eglot from GNU ELPA. Hints are code actions: M-x eglot-code-actions.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '((python-mode python-ts-mode) . ("backprop-check" "lsp"))))
(add-hook 'python-mode-hook #'eglot-ensure)
(add-hook 'python-ts-mode-hook #'eglot-ensure)
