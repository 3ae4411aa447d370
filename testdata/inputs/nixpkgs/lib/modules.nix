# A small module system with the laziness of the real one: option names never
# depend on definitions, and a definition is looked at only when its option is
# read (or to see whether it is an mkForce, mkIf or mkMerge).
{ lib }:
let
  inherit (builtins)
    any
    attrNames
    concatLists
    concatMap
    concatStringsSep
    filter
    foldl'
    functionArgs
    genericClosure
    head
    isList
    mapAttrs
    partition
    typeOf
    zipAttrsWith
    ;

  isType = type: value: value._type or null == type;
  priorityOf = d: if isType "override" d.value then d.value.priority else 100;

  self = {
    mkOption = attrs: attrs // { _type = "option"; };
    mkIf = condition: content: {
      _type = "if";
      inherit condition content;
    };
    mkMerge = contents: {
      _type = "merge";
      inherit contents;
    };
    mkOverride = priority: content: {
      _type = "override";
      inherit priority content;
    };
    mkForce = self.mkOverride 50;
    mkDefault = self.mkOverride 1000;
    mkOptionDefault = self.mkOverride 1500;

    showOption = concatStringsSep ".";
    showDefinitions = lib.concatMapStringsSep "" (d: "\n- In `${d.file}'");

    setDefaultModuleLocation = file: module: {
      _file = file;
      imports = [ module ];
    };

    # The value of an option, from all of its definitions.
    mergeDefinitions =
      loc: type: definitions:
      let
        unfold =
          d:
          if isType "merge" d.value then
            concatMap (value: unfold (d // { inherit value; })) d.value.contents
          else if isType "if" d.value then
            lib.optionals d.value.condition (unfold (d // { value = d.value.content; }))
          else
            [ d ];
        unfolded = concatMap unfold definitions;
        strongest = foldl' (a: b: if b < a then b else a) 9999 (map priorityOf unfolded);
        strip = d: if isType "override" d.value then d // { value = d.value.content; } else d;
        kept = map strip (filter (d: priorityOf d == strongest) unfolded);
      in
      if kept == [ ] then
        throw "The option `${self.showOption loc}' was accessed but has no value defined. Try setting the option."
      else
        type.merge loc kept;

    evalModules =
      evalArgs@{
        modules,
        specialArgs ? { },
        prefix ? [ ],
        freeformType ? null,
      }:
      let
        moduleArgs = {
          inherit lib extendModules;
          inherit (tree) config options;
        }
        // specialArgs;

        # Arguments that are no special ones come from _module.args, each
        # looked up only when the module uses it.
        call =
          f: f (mapAttrs (name: _: tree.config._module.args.${name}) (functionArgs f) // moduleArgs);

        load =
          parent: number: module:
          let
            isFile = typeOf module == "path" || typeOf module == "string";
            content = if isFile then import module else module;
            value =
              if isList content then
                { imports = content; }
              else if lib.isFunction content then
                call content
              else
                content;
            file = if isFile then toString module else value._file or parent.file;
            keywords = [
              "_class"
              "_file"
              "imports"
            ];
            isLong = value ? config || value ? options;
            extra = attrNames (
              removeAttrs value (
                keywords
                ++ [
                  "config"
                  "options"
                ]
              )
            );
          in
          {
            inherit file;
            # A file that is imported twice counts once.
            key = if isFile then toString module else "${parent.key}:anon-${toString number}";
            imports = value.imports or [ ];
            options = value.options or { };
            config =
              if !isLong then
                removeAttrs value keywords
              else if extra == [ ] then
                value.config or { }
              else
                throw "Module `${file}' has an unsupported attribute `${head extra}'. This is caused by introducing a top-level `config' or `options' attribute.";
          };
        loadAll = parent: lib.imap0 (load parent);

        loaded = genericClosure {
          startSet = loadAll {
            key = "";
            file = "<unknown-file>";
          } (modules ++ [ { options._module.args = argsOption; } ]);
          operator = module: loadAll module module.imports;
        };
        argsOption = self.mkOption {
          type = lib.types.lazyAttrsOf lib.types.raw;
          default = { };
        };

        tree = evalLevel {
          inherit freeformType;
          loc = prefix;
          declarations = map (m: {
            inherit (m) file;
            value = m.options;
          }) loaded;
          definitions = concatMap (
            m:
            pushDown {
              inherit (m) file;
              value = m.config;
            }
          ) loaded;
        };

        extendModules =
          {
            modules ? [ ],
            specialArgs ? { },
          }:
          let
            args = evalArgs // {
              modules = evalArgs.modules ++ modules;
              specialArgs = evalArgs.specialArgs or { } // specialArgs;
            };
          in
          self.evalModules args
          // {
            type = lib.types.submoduleWith (removeAttrs args [ "prefix" ]);
          };
      in
      {
        inherit extendModules;
        inherit (tree) options;
        config =
          if freeformType != null || tree.unmatched == [ ] then
            removeAttrs tree.config [ "_module" ]
          else
            let
              first = head tree.unmatched;
            in
            throw "The option `${self.showOption first.loc}' does not exist. Definition values:${self.showDefinitions first.definitions}";
      };
  };

  # mkIf, mkMerge and mkForce around a set hold for each of its attributes.
  pushDown =
    d:
    let
      each =
        content: wrap:
        map (inner: inner // { value = mapAttrs (_: wrap) inner.value; }) (
          pushDown (d // { value = content; })
        );
    in
    if isType "merge" d.value then
      concatMap (value: pushDown (d // { inherit value; })) d.value.contents
    else if isType "if" d.value then
      each d.value.content (self.mkIf d.value.condition)
    else if isType "override" d.value then
      each d.value.content (self.mkOverride d.value.priority)
    else
      [ d ];

  byName = zipAttrsWith (_: ds: ds);
  split = map (d: mapAttrs (_: value: d // { inherit value; }) d.value);

  # One level of the option tree. declarations, definitions: [ { file, value } ]
  evalLevel =
    {
      loc,
      declarations,
      definitions,
      freeformType ? null,
    }:
    let
      declared = byName (split declarations);
      defined = byName (split definitions);
      children = mapAttrs (
        name: decls:
        let
          at = {
            loc = loc ++ [ name ];
            definitions = defined.${name} or [ ];
          };
        in
        if any (d: isType "option" d.value) decls then
          evalOption (at // { declarations = decls; })
        else
          evalLevel {
            inherit (at) loc;
            declarations = decls;
            definitions = concatMap pushDown at.definitions;
          }
      ) declared;
      rest = removeAttrs defined (attrNames declared);
      freeform = mapAttrs (
        name: self.mergeDefinitions (loc ++ [ name ]) freeformType
      ) rest;
    in
    {
      config =
        mapAttrs (_: child: child.config) children
        // lib.optionalAttrs (freeformType != null) freeform;
      options = mapAttrs (_: child: child.options) children;
      unmatched =
        lib.mapAttrsToList (name: definitions: {
          inherit definitions;
          loc = loc ++ [ name ];
        }) rest
        ++ concatLists (lib.mapAttrsToList (_: child: child.unmatched) children);
    };

  evalOption =
    {
      loc,
      declarations,
      definitions,
    }:
    let
      parts = partition (d: isType "option" d.value) declarations;
      # `options.flake.x` below an option `flake` extends its submodule.
      nested = map (d: {
        inherit (d) file;
        value.type = lib.types.submoduleWith { modules = [ { options = d.value; } ]; };
      }) parts.wrong;
      join =
        a: b:
        let
          type = a.value.type.join b.value.type;
        in
        if type == null then
          throw "The option `${self.showOption loc}' in `${b.file}' is already declared in `${a.file}'."
        else
          a // { value = a.value // b.value // { inherit type; }; };
      option = (foldl' join (head parts.right) (builtins.tail parts.right ++ nested)).value;
      all =
        definitions
        ++ lib.optional (option ? default) {
          file = "<default>";
          value = self.mkOptionDefault option.default;
        };
      value = (option.apply or lib.id) (
        self.mergeDefinitions loc (option.type or lib.types.raw) all
      );
    in
    {
      config = value;
      options = option // {
        inherit value;
        isDefined = all != [ ];
      };
      unmatched = [ ];
    };
in
self
